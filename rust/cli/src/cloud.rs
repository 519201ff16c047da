//! `--cloud`: logins for OneNET, Alibaba Cloud and Tencent Cloud.

use std::time::Duration;

use clap::Args;
use m531x_core::clouds::{Cloud, Device, Hash, Login};

use crate::failure::Failure;
use crate::port::seconds;

/// The device as its cloud knows it.
#[derive(Args)]
#[command(next_help_heading = "Cloud")]
pub(crate) struct CloudArguments {
    /// Log in to onenet, aliyun or tencent, with a fresh password for each connection; makes broker, client
    /// identifier, user name and password
    #[arg(long, value_name = "CLOUD", requires_all = ["cloud_product", "cloud_device", "cloud_key"], conflicts_with_all = ["username", "password", "password_file", "url", "id_prefix"])]
    cloud: Option<Cloud>,
    /// The id of the product; with aliyun its key
    #[arg(long, value_name = "ID", requires = "cloud")]
    cloud_product: Option<String>,
    /// The name of the device
    #[arg(long, value_name = "NAME", requires = "cloud")]
    cloud_device: Option<String>,
    /// The key of the device in base64, with aliyun its secret; better given in the environment, where the
    /// process list does not show it
    #[arg(
        long,
        value_name = "KEY",
        env = "M531X_CLOUD_KEY",
        hide_env_values = true
    )]
    cloud_key: Option<String>,
    /// --cloud-key is that of the product; onenet only
    #[arg(long, requires = "cloud")]
    cloud_key_of_product: bool,
    /// The hash function of the password: sha256, sha1 or md5
    #[arg(long, value_name = "HASH", requires = "cloud")]
    cloud_hash: Option<Hash>,
    /// How long a password is valid [default: onenet 1 hour, tencent 10 years]
    #[arg(long, value_name = "SECONDS", requires = "cloud", value_parser = seconds)]
    cloud_valid_for: Option<Duration>,
    /// The region of a public instance; aliyun only [default: cn-shanghai]
    #[arg(long, value_name = "REGION", requires = "cloud")]
    cloud_region: Option<String>,
}

impl CloudArguments {
    /// The login, if there is to be one; the client identifier is for Alibaba Cloud only.
    pub(crate) fn login(&self, client_id: Option<&str>) -> Result<Option<Login>, Failure> {
        let (Some(cloud), Some(product), Some(device), Some(key)) = (
            self.cloud,
            &self.cloud_product,
            &self.cloud_device,
            &self.cloud_key,
        ) else {
            return Ok(None);
        };
        let mut device = Device::new(cloud, product, device, key.as_str());
        device.hash = self.cloud_hash.unwrap_or_default();
        device.valid_for = self.cloud_valid_for;
        device.key_of_product = self.cloud_key_of_product;
        device.region.clone_from(&self.cloud_region);
        device.client_id = client_id.map(str::to_owned);
        Ok(Some(device.login()?))
    }
}
