//! The same arguments to `mosquitto_sub` and `m531x sub`, and to `mosquitto_pub` and `m531x pub`, at one
//! mosquitto: output and exit code are the same. What a module cannot do is refused.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod beside_mosquitto;
mod support;

use support::{run, text};

#[test]
fn what_a_module_cannot_do_is_refused_in_one_line() {
    for refused in [
        &["-A", "192.0.2.1"][..],
        &["-D", "connect", "user-property", "a"],
        &["-x", "60"],
        &["-M", "20"],
        &["-S"],
        &["--unix", "/run/mosquitto"],
        &["--nodelay"],
        &["--proxy", "socks5h://proxy"],
        &["--cafile", "ca.pem"],
        &["--capath", "/etc/ssl"],
        &["--cert", "c.pem"],
        &["--key", "k.pem"],
        &["--ciphers", "all"],
        &["--tls-version", "tlsv1.2"],
        &["--tls-alpn", "mqtt"],
        &["--tls-use-os-certs"],
        &["--insecure"],
        &["-V", "mqttv5"],
        &["-D", "subscribe", "user-property", "name", "value"],
        &["--psk", "00"],
        &["--psk-identity", "me"],
    ] {
        for command in [&["sub"][..], &["pub", "-m", "x"]] {
            let port = ["--port", "/dev/no-such-port", "-t", "a"];
            let output = run(&[command, &port, refused].concat());
            let errors = text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{refused:?}: {errors}");
            assert_eq!(errors.lines().count(), 1, "{refused:?}: {errors}");
            assert!(
                errors.starts_with(&format!("m531x: {}: ", refused[0])),
                "{errors}"
            );
        }
    }
}

#[test]
fn a_session_is_kept_for_a_client_id_only() {
    for id in [&[][..], &["-I", "meter-"]] {
        let kept = ["sub", "--port", "virtual://", "-t", "a", "-c", "-W", "1"];
        let output = run(&[&kept, id].concat());
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(text(&output.stderr).contains("give its -i"), "{output:?}");
    }
}

#[test]
fn a_tcp_port_as_the_modules_port_is_pointed_to_its_option() {
    let output = run(&["sub", "--port", "1883", "-t", "a"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).contains("-p 1883"), "{output:?}");
}
