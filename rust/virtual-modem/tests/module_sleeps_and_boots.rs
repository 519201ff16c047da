//! Sleep that eats the first bytes, and boots that forget.

use std::time::Duration;

use m531x_test_support::module::Rig;
use m531x_virtual_modem::Model;

#[test]
fn an_m5311_falls_asleep_and_the_first_command_only_wakes_it() {
    let mut rig = Rig::new(Model::M5311);
    rig.send("ATE0");
    rig.said();
    rig.pass_seconds(11);
    assert_eq!(rig.lines(), ["*GOTOSLEEP"]);
    rig.send("AT+CGMM");
    assert_eq!(rig.lines(), ["*MATWAKEUP"]);
    rig.send("AT+CGMM");
    assert_eq!(rig.lines(), ["M5311", "OK"]);
}

#[test]
fn a_wake_lock_keeps_it_awake_until_the_next_boot() {
    let mut rig = Rig::new(Model::M5311);
    rig.send("AT+SM=LOCK");
    rig.said();
    rig.pass_seconds(3600);
    assert_eq!(rig.said(), "");
    rig.send("AT+CMRB");
    rig.pass_seconds(30);
    assert!(rig.said().contains("*GOTOSLEEP"));

    let mut rig = Rig::new(Model::M5311);
    rig.send("AT+SM=LOCK_FOREVER");
    rig.send("AT+CMRB");
    rig.pass_seconds(30);
    assert!(!rig.said().contains("*GOTOSLEEP"));
}

#[test]
fn an_m5310_a_sleeps_only_when_told_to_and_silently() {
    let mut rig = Rig::new(Model::M5310A);
    rig.pass_seconds(86_400);
    rig.module.sleep(rig.now);
    assert_eq!(rig.said(), "");
    assert_eq!(rig.ask("AT"), "");
    assert_eq!(rig.ask("AT"), "\r\nOK\r\n");
    rig.send("AT+NPSMR=1");
    rig.said();
    rig.module.sleep(rig.now);
    assert_eq!(rig.lines(), ["+NPSMR:1"]);
    rig.send("AT");
    assert_eq!(rig.lines(), ["+NPSMR:0"]);
}

#[test]
fn a_half_eaten_command_is_no_command() {
    let mut rig = Rig::new(Model::M5310A);
    rig.module.sleep(rig.now);
    rig.send_bytes(b"AT+C");
    rig.send_bytes(b"SQ\r");
    assert_eq!(rig.said(), "");
    assert_eq!(rig.ask("AT"), "\r\nOK\r\n");
}

#[test]
fn a_message_wakes_a_sleeping_module() {
    let mut rig = Rig::new(Model::M5311).connected();
    rig.pass_seconds(15);
    rig.said();
    rig.deliver("t", b"x", 0, 0);
    assert_eq!(rig.lines(), ["*MATWAKEUP", "+MQTTPUBLISH: 0,0,0,0,t,1,x"]);
    rig.send("AT");
    assert_eq!(rig.lines(), ["OK"]);
}

#[test]
fn the_sleep_fault_is_for_any_model() {
    let mut rig = Rig::faulty(Model::M5310A, 1, &["sleep=2"]);
    rig.pass(Duration::from_millis(2001));
    assert_eq!(rig.ask("AT"), "");
    assert_eq!(rig.ask("AT"), "\r\nOK\r\n");
}

#[test]
fn a_boot_prints_the_banner_of_the_model_and_forgets_everything() {
    for (model, command, banner) in [
        (
            Model::M5310A,
            "AT+NRB",
            "Boot: Unsigned Security B.. Verified Protocol A.. Verified Apps A...... Verified \
             REBOOT_CAUSE_APPLICATION_AT Neul OK",
        ),
        (
            Model::M5311,
            "AT+CMRB",
            "REBOOTING.. *ATREADY: 1 +CFUN: 1 +CPIN: READY +IP: ",
        ),
    ] {
        let mut rig = Rig::new(model).connected();
        rig.said();
        rig.send(command);
        rig.send("AT");
        rig.pass_seconds(1);
        let lines = rig.lines().join(" ");
        assert!(lines.starts_with(banner), "{model}: {lines}");
        rig.send("AT+MQTTSTAT?");
        assert!(rig.said().replace(' ', "").contains("+MQTTSTAT:0"));
        rig.send("AT+MQTTDISC");
        let lines = rig.lines();
        assert_eq!(lines.last().unwrap(), "ERROR", "{model}: CMEE is 0 again");
        assert_eq!(
            lines.len() == 2,
            model == Model::M5311,
            "echo is as from the factory"
        );
    }
}

#[test]
fn turning_the_radio_off_cuts_the_network() {
    let mut rig = Rig::new(Model::M5310A).connected();
    rig.send("AT+CEREG=1");
    rig.said();
    rig.send("AT+CFUN=0");
    assert_eq!(rig.lines(), ["OK", "+CEREG:0"]);
    assert!(rig.module.network_cut());
    rig.send("AT+CFUN=1");
    assert_eq!(rig.lines(), ["OK", "+CEREG:1"]);
    assert!(!rig.module.network_cut());
}
