//! Logins for OneNET, Alibaba Cloud and Tencent Cloud: client id, user name, and a fresh password for
//! each connection.
//!
//! ```
//! use m531x_core::clouds::{Cloud, Device};
//!
//! let device = Device::new(Cloud::OneNet, "pid123", "meter-17", "c2VjcmV0");
//! let login = device.login()?;
//! let options = login.connect_options(); // to be given to `Modem::connect`
//! assert_eq!((&*options.client_id, options.username.as_deref()), ("meter-17", Some("pid123")));
//! assert_eq!(login.size(), 174);
//! # Ok::<(), m531x_core::Error>(())
//! ```

mod login;
mod rules;
mod signature;

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

pub use login::Login;
pub use signature::Hash;

use crate::{Error, ErrorCode, Secret};
use rules::Rules;

const HOUR: Duration = Duration::from_secs(3600);
const TEN_YEARS: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// A cloud whose broker wants a signature as password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cloud {
    /// China Mobile's OneNET: each connection gets a token that expires.
    OneNet,
    /// Alibaba Cloud: the password does not expire. The broker takes keep-alives from 30
    /// to 1200 seconds only.
    Aliyun,
    /// Tencent Cloud: the user name holds the expiry, and recoveries keep it. The broker takes
    /// keep-alives up to 900 seconds, no wills, and no QoS 2.
    Tencent,
}

impl Cloud {
    /// All of them.
    pub const ALL: &[Self] = &[Self::OneNet, Self::Aliyun, Self::Tencent];

    /// Its name, such as `onenet`.
    pub fn name(self) -> &'static str {
        match self {
            Self::OneNet => "onenet",
            Self::Aliyun => "aliyun",
            Self::Tencent => "tencent",
        }
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Cloud {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let known = Self::ALL.iter().find(|cloud| cloud.name() == name);
        known.copied().ok_or_else(|| {
            invalid(format!(
                "{name:?} is no cloud that is known: use onenet, aliyun or tencent"
            ))
        })
    }
}

/// A device as its cloud knows it; [`login`](Self::login) makes of it what a connection needs.
#[derive(Clone, Debug)]
pub struct Device {
    /// The cloud.
    pub cloud: Cloud,
    /// The id of the product; with Alibaba Cloud its key.
    pub product: String,
    /// The name of the device.
    pub device: String,
    /// The key of the device in base64, as the console shows it; with Alibaba Cloud its secret.
    pub key: Secret,
    /// The hash function of the signature. Default SHA-256; Tencent Cloud knows no MD5.
    pub hash: Hash,
    /// How long a password is valid from the moment when it is made, by the clock of this computer.
    /// `None`, the default, is an hour with OneNET and ten years with Tencent Cloud. Passwords of
    /// Alibaba Cloud do not expire.
    pub valid_for: Option<Duration>,
    /// Whether `key` is the access key of the product; OneNET only. Default false.
    pub key_of_product: bool,
    /// The region of a public instance; Alibaba Cloud only. Default `cn-shanghai`.
    pub region: Option<String>,
    /// Any name for the client, such as a serial number; Alibaba Cloud only. Default: the device's.
    pub client_id: Option<String>,
    /// Milliseconds since 1970 to sign as well, which the broker does not need; Alibaba Cloud only.
    /// Default: none.
    pub timestamp: Option<u64>,
}

impl Device {
    /// A device with the defaults for everything else.
    pub fn new(
        cloud: Cloud,
        product: impl Into<String>,
        device: impl Into<String>,
        key: impl Into<Secret>,
    ) -> Self {
        Self {
            cloud,
            product: product.into(),
            device: device.into(),
            key: key.into(),
            hash: Hash::Sha256,
            valid_for: None,
            key_of_product: false,
            region: None,
            client_id: None,
            timestamp: None,
        }
    }

    /// What a connection of this device needs.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::InvalidArgument`]: a name is empty, the key is not base64, or the cloud has not what
    /// is asked for.
    pub fn login(&self) -> Result<Login, Error> {
        self.login_at(SystemTime::now())
    }

    /// The same, at another time than now.
    ///
    /// # Errors
    ///
    /// As [`login`](Self::login).
    pub fn login_at(&self, now: SystemTime) -> Result<Login, Error> {
        for (name, text) in [("product", &self.product), ("device", &self.device)] {
            if text.is_empty() {
                return Err(invalid(format!("the name of the {name} is empty")));
            }
        }
        let cloud = self.cloud;
        let only = |of: Cloud, name: &str, given: bool| {
            if given && cloud != of {
                return Err(invalid(format!("{name}: {cloud} has none, {of} has")));
            }
            Ok(())
        };
        only(Cloud::OneNet, "key of the product", self.key_of_product)?;
        only(Cloud::Aliyun, "region", self.region.is_some())?;
        only(Cloud::Aliyun, "client id", self.client_id.is_some())?;
        only(Cloud::Aliyun, "timestamp", self.timestamp.is_some())?;
        match cloud {
            Cloud::OneNet => Ok(Login::new(Rules::onenet(
                self,
                self.valid_for.unwrap_or(HOUR),
            )?)),
            Cloud::Aliyun if self.valid_for.is_some() => {
                Err(invalid("passwords of aliyun do not expire: give no time"))
            }
            Cloud::Aliyun => Ok(Login::new(Rules::aliyun(self)?)),
            Cloud::Tencent => {
                let valid_for = self.valid_for.unwrap_or(TEN_YEARS);
                Ok(Login::new(Rules::tencent(self, now, valid_for)?))
            }
        }
    }
}

fn invalid(text: impl Into<String>) -> Error {
    Error::new(ErrorCode::InvalidArgument, text)
}
