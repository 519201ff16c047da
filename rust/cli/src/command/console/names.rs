//! The commands that Tab completes.

/// The commands of the modules, by their manuals; the sign at the end shows the form.
pub(super) const COMMANDS: &[&str] = &[
    "AT",
    "AT+CCLK?",
    "AT+CEDRXS=",
    "AT+CEREG=",
    "AT+CEREG?",
    "AT+CFUN=1",
    "AT+CFUN?",
    "AT+CGATT=1",
    "AT+CGATT?",
    "AT+CGMI",
    "AT+CGMM",
    "AT+CGMR",
    "AT+CGPADDR",
    "AT+CGSN=1",
    "AT+CIMI",
    "AT+CMEE=1",
    "AT+CMEE?",
    "AT+CMRB",
    "AT+CMVER",
    "AT+COPS=0",
    "AT+COPS?",
    "AT+CPIN?",
    "AT+CPSMS=",
    "AT+CSCON=",
    "AT+CSCON?",
    "AT+CSQ",
    "AT+GSN",
    "AT+ICCID",
    "AT+MQTTCFG=",
    "AT+MQTTCFG?",
    "AT+MQTTDEL",
    "AT+MQTTDISC",
    "AT+MQTTOPEN=",
    "AT+MQTTPING=",
    "AT+MQTTPUB=",
    "AT+MQTTREC=",
    "AT+MQTTSTAT?",
    "AT+MQTTSUB=",
    "AT+MQTTSUB?",
    "AT+MQTTTO=",
    "AT+MQTTUNSUB=",
    "AT+NCCID",
    "AT+NPSMR=",
    "AT+NPSMR?",
    "AT+NRB",
    "AT+NUESTATS",
    "AT+SM=LOCK",
    "AT+SM=UNLOCK",
    "AT+SWVER",
    "ATE0",
    "ATE1",
    "ATI",
];

/// The commands that begin with `typed`, in any case.
pub(super) fn completions(typed: &str) -> Vec<&'static str> {
    if typed.is_empty() {
        return Vec::new();
    }
    COMMANDS
        .iter()
        .chain(&super::directive::NAMES)
        .copied()
        .filter(|name| {
            name.get(..typed.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(typed))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_so_is_offered_in_any_case() {
        assert_eq!(
            completions("at+mqtts"),
            ["AT+MQTTSTAT?", "AT+MQTTSUB=", "AT+MQTTSUB?"]
        );
        assert_eq!(completions(":h"), [":help", ":hex"]);
        assert_eq!(completions(""), [""; 0]);
        assert_eq!(completions("é"), [""; 0]);
        assert!(COMMANDS.is_sorted());
    }
}
