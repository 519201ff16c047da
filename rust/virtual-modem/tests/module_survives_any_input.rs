//! Whatever host and broker send, the module neither panics nor spins, and answers `AT` afterwards.

use m531x_test_support::module::Rig;
use m531x_virtual_modem::module::ModuleConfig;
use m531x_virtual_modem::{Firmware, Model};
use proptest::prelude::*;

/// Pieces of commands, so that random input gets further than the first letter.
fn fragment() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "AT",
        "at+",
        "+MQTTPUB=",
        "+MQTTSUB=",
        "+MQTTCFG=",
        "+MQTTOPEN=",
        "+MQTTDISC",
        "+MQTTDEL",
        "+MQTTUNSUB=",
        "+MQTTTO=",
        "+MQTTREC=",
        "?",
        "=",
        ",",
        "\"",
        "0",
        "1",
        "2",
        "65536",
        "topic",
        "a/#",
        "7E7A7A",
        "\r",
        "\r\n",
        "\n",
        "\x08",
        "AT\r",
        "AT+CFUN=0\r",
        "AT+CFUN=1\r",
        "AT+NRB\r",
        "AT+CMRB\r",
        "AT+MQTTCFG=\"b\",1,\"c\",9,\"\",\"\",1\r",
        "AT+MQTTOPEN=0,0,0,0,0,\"\",\"\"\r",
        "AT+MQTTSUB=\"t\",2\r",
        "AT+MQTTPUB=\"t\",2,0,0,0,x\r",
    ]);
    prop_oneof![
        4 => words.prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..8),
    ]
}

/// Traits whose mixes are tried too.
const SWITCHED: [&str; 8] = [
    "late-disc",
    "late-disc=off",
    "fin-without-rec=off",
    "stray-615=off",
    "silent-suback",
    "short-message",
    "repeated-qos2",
    "id-zero",
];

#[derive(Clone, Debug)]
enum Step {
    Host(Vec<u8>),
    Broker(Vec<u8>),
    Lost,
    Sleep,
    Reboot,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => fragment().prop_map(Step::Host),
        3 => prop::collection::vec(any::<u8>(), 0..32).prop_map(Step::Broker),
        1 => Just(Step::Lost),
        1 => Just(Step::Sleep),
        1 => Just(Step::Reboot),
        2 => (0u64..40_000).prop_map(Step::Pass),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn nothing_makes_it_panic_or_spin(
        model in prop::sample::select(Model::ALL.to_vec()),
        firmware in prop::sample::select(Firmware::ALL.to_vec()),
        switched in prop::sample::subsequence(SWITCHED.to_vec(), 0..=SWITCHED.len()),
        seed in any::<u64>(),
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let faults = ["split-writes=5", "lost-ack=any:0.3", "late-ack=any:3000", "urc-in-response=0.3"];
        let faults = faults.iter().chain(&switched);
        let mut rig = Rig::with(ModuleConfig {
            model,
            firmware: Some(firmware),
            seed,
            faults: faults.map(|fault| fault.parse().unwrap()).collect(),
            ..ModuleConfig::default()
        });
        for step in steps {
            match step {
                Step::Host(bytes) => rig.send_bytes(&bytes),
                Step::Broker(bytes) => rig.module.handle_network_bytes(rig.now, &bytes),
                Step::Lost => rig.module.handle_network_lost(rig.now, "gone"),
                Step::Sleep => rig.module.sleep(rig.now),
                Step::Reboot => rig.module.reboot(rig.now),
                Step::Pass(ms) => rig.pass(std::time::Duration::from_millis(ms)),
            }
        }
        // A boot may go on, a half-typed command stand, and a sleeping module needs waking.
        rig.pass_seconds(2);
        rig.send("");
        rig.send("AT");
        rig.pass_seconds(1);
        rig.said();
        rig.send("AT");
        rig.pass_seconds(1);
        let said = rig.said();
        prop_assert!(said.contains("\r\nOK\r\n"), "{said:?}");
    }
}
