//! The vendors' rules, as their documents have them: OneNET "token algorithm" (parameter group
//! 2018-10-31), Alibaba Cloud "MQTT-TCP connections", Tencent Cloud "MQTT-based device connection over
//! TCP".

use std::fmt::Write;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::signature::{base64, decoded, hex};
use super::{Device, Hash, invalid};
use crate::{Error, Secret};

const ONENET_VERSION: &str = "2018-10-31";

/// Every fourth signature needs no escapes, and a token without any is the shortest: so many expiries are
/// tried, a second earlier each.
const TRIES: u64 = 64;

/// The number that Tencent's documents give for devices that sign by themselves.
const TENCENT_APP: &str = "12010126";

/// One login, and how its passwords are made.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) host: String,
    pub(super) client_id: String,
    pub(super) username: String,
    hash: Hash,
    signing: Signing,
}

/// The key in base64, or as it is, and what it signs.
#[derive(Debug)]
enum Signing {
    OneNet {
        key: Secret,
        resource: String,
        valid_for: Duration,
    },
    Aliyun {
        key: Secret,
        content: String,
    },
    Tencent {
        key: Secret,
    },
}

impl Rules {
    pub(super) fn onenet(device: &Device, valid_for: Duration) -> Result<Self, Error> {
        decoded(&device.key)?;
        let mut resource = format!("products/{}", device.product);
        if !device.key_of_product {
            resource = format!("{resource}/devices/{}", device.device);
        }
        Ok(Self {
            host: "mqtts.heclouds.com".to_owned(),
            client_id: device.device.clone(),
            username: device.product.clone(),
            hash: device.hash,
            signing: Signing::OneNet {
                key: device.key.clone(),
                resource,
                valid_for,
            },
        })
    }

    pub(super) fn aliyun(device: &Device) -> Result<Self, Error> {
        if device.key.expose().is_empty() {
            return Err(invalid("the secret of the device is empty"));
        }
        let (product, name, hash) = (&device.product, &device.device, device.hash);
        let client_id = device.client_id.as_ref().unwrap_or(name);
        let mut extra = format!("securemode=3,signmethod=hmac{hash}");
        let mut content = format!("clientId{client_id}deviceName{name}productKey{product}");
        if let Some(time) = device.timestamp {
            extra = format!("{extra},timestamp={time}");
            content = format!("{content}timestamp{time}");
        }
        let region = device.region.as_deref().unwrap_or("cn-shanghai");
        Ok(Self {
            host: format!("{product}.iot-as-mqtt.{region}.aliyuncs.com"),
            client_id: format!("{client_id}|{extra}|"),
            username: format!("{name}&{product}"),
            hash,
            signing: Signing::Aliyun {
                key: device.key.clone(),
                content,
            },
        })
    }

    pub(super) fn tencent(
        device: &Device,
        now: SystemTime,
        valid_for: Duration,
    ) -> Result<Self, Error> {
        if device.hash == Hash::Md5 {
            return Err(invalid("tencent takes no md5: use sha256 or sha1"));
        }
        decoded(&device.key)?;
        let client_id = format!("{}{}", device.product, device.device);
        let expiry = seconds(now).saturating_add(valid_for.as_secs());
        Ok(Self {
            host: format!("{}.iotcloud.tencentdevices.com", device.product),
            username: format!("{client_id};{TENCENT_APP};{};{expiry}", connection_id()),
            client_id,
            hash: device.hash,
            signing: Signing::Tencent {
                key: device.key.clone(),
            },
        })
    }

    /// The password at this time.
    pub(super) fn password(&self, now: SystemTime) -> Secret {
        let hash = self.hash;
        match &self.signing {
            Signing::OneNet {
                key,
                resource,
                valid_for,
            } => {
                let latest = seconds(now).saturating_add(valid_for.as_secs());
                // A token that is valid for a moment only must not lose a minute of it.
                let tries = (valid_for.as_secs() / 2).clamp(1, TRIES);
                let signed = |expiry: u64| {
                    let content = format!("{expiry}\n{hash}\n{resource}\n{ONENET_VERSION}");
                    base64(&hash.sign(&decoded(key).unwrap_or_default(), &content))
                };
                let plain = |expiry: &u64| !signed(*expiry).contains(['+', '/']);
                let expiry = (0..tries)
                    .map(|earlier| latest.saturating_sub(earlier))
                    .find(plain)
                    .unwrap_or(latest);
                Secret::new(format!(
                    "version={ONENET_VERSION}&res={}&et={expiry}&method={hash}&sign={}",
                    escaped(resource),
                    escaped(&signed(expiry))
                ))
            }
            Signing::Aliyun { key, content } => {
                Secret::new(hex(&hash.sign(key.expose().as_bytes(), content)))
            }
            Signing::Tencent { key } => {
                let key = decoded(key).unwrap_or_default();
                let signature = hex(&hash.sign(&key, &self.username));
                Secret::new(format!("{signature};hmac{hash}"))
            }
        }
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

/// Five letters and digits that differ from login to login; they are no secret.
fn connection_id() -> String {
    const DIGITS: u32 = 36;
    let mut number = RandomState::new().build_hasher().finish();
    let mut id = String::new();
    for _ in 0..5 {
        let digit = u32::try_from(number % u64::from(DIGITS)).unwrap_or_default();
        id.extend(char::from_digit(digit, DIGITS));
        number /= u64::from(DIGITS);
    }
    id
}

/// As in a URL: all but letters, digits and four marks is escaped.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // A text takes everything.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::Cloud;
    use super::*;

    /// Of the examples in OneNET's documents.
    const KEY: &str = "KuF3NT/jUBJ62LNBB/A8XZA9CqS3Cu79B/ABmfA1UCw=";

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_token_of_onenet_is_the_one_of_its_documents() {
        let mut device = Device::new(Cloud::OneNet, "123123", "any", KEY);
        device.hash = Hash::Sha1;
        device.key_of_product = true;
        device.valid_for = Some(Duration::ZERO);
        let login = device.login().unwrap();
        assert_eq!(
            login.password_at(at(1_537_255_523)).expose(),
            "version=2018-10-31&res=products%2F123123&et=1537255523&method=sha1\
             &sign=lsaPSiiGvEFFjXu5WU7a6IkScqE%3D"
        );
    }

    #[test]
    fn a_password_of_aliyun_is_the_one_of_its_documents() {
        let mut device = Device::new(Cloud::Aliyun, "pk", "device", "secret");
        device.client_id = Some("12345".to_owned());
        device.hash = Hash::Sha1;
        device.timestamp = Some(789);
        let login = device.login().unwrap();
        assert_eq!(login.host(), "pk.iot-as-mqtt.cn-shanghai.aliyuncs.com");
        assert_eq!(
            login.client_id(),
            "12345|securemode=3,signmethod=hmacsha1,timestamp=789|"
        );
        assert_eq!(login.username(), "device&pk");
        assert_eq!(
            login.password().expose().to_uppercase(),
            "FAFD82A3D602B37FB0FA8B7892F24A477F851A14"
        );
    }

    #[test]
    fn a_login_of_tencent_has_its_expiry_in_the_user_name() {
        let mut device = Device::new(Cloud::Tencent, "PROD123456", "dev1", KEY);
        device.valid_for = Some(Duration::from_secs(60));
        let login = device.login_at(at(1000)).unwrap();
        let parts: Vec<&str> = login.username().split(';').collect();
        assert_eq!(
            (parts[0], parts[1], parts[3]),
            ("PROD123456dev1", TENCENT_APP, "1060")
        );
        assert!(parts[2].len() == 5 && parts[2].bytes().all(|b| b.is_ascii_alphanumeric()));
        assert!(login.password().expose().ends_with(";hmacsha256"));
    }

    #[test]
    fn a_token_of_onenet_is_fresh_and_never_longer_than_another() {
        let login = Device::new(Cloud::OneNet, "pid", "dev", KEY)
            .login()
            .unwrap();
        let mut lengths = Vec::new();
        for now in (0..200).map(|step| 1_800_000_000 + 1000 * step) {
            let token = login.password_at(at(now));
            let expiry = token.expose().split(['=', '&']).nth(5).unwrap();
            let left = expiry.parse::<u64>().unwrap() - now;
            assert!((3600 - TRIES..=3600).contains(&left), "{left}");
            lengths.push(token.expose().len());
        }
        lengths.dedup();
        assert_eq!(lengths.len(), 1);
    }

    #[test]
    fn what_a_cloud_has_not_is_refused_and_no_secret_is_shown() {
        let device = |cloud| Device::new(cloud, "p", "d", "geheim!");
        let refused = |device: Device| {
            let error = device.login().unwrap_err().to_string();
            assert!(!error.contains("geheim"), "{error}");
            error
        };
        assert!(refused(device(Cloud::OneNet)).contains("base64"));
        assert!(refused(device(Cloud::Tencent)).contains("base64"));
        for mut wrong in [Cloud::OneNet, Cloud::Tencent].map(device) {
            wrong.region = Some("eu".to_owned());
            assert!(refused(wrong).contains("region"));
        }
        let mut wrong = device(Cloud::Tencent);
        wrong.hash = Hash::Md5;
        assert!(refused(wrong).contains("md5"));
        let mut wrong = device(Cloud::Aliyun);
        wrong.valid_for = Some(Duration::ZERO);
        assert!(refused(wrong).contains("expire"));
        let mut wrong = device(Cloud::Aliyun);
        wrong.product.clear();
        assert!(refused(wrong).contains("product"));
        let login = device(Cloud::Aliyun).login().unwrap();
        let (login, device) = (format!("{login:?}"), format!("{:?}", device(Cloud::Aliyun)));
        assert!(!login.contains("geheim") && !device.contains("geheim"));
    }
}
