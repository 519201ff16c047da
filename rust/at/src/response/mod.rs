//! What the module answers: information responses and final results.

mod config;
mod device;
mod final_result;
mod network;
mod state;

pub use config::ConfigReadback;
pub use device::{FunctionalityLine, IccidLine, ImeiLine, ImsiLine, PinLine};
pub use final_result::{CmeError, FinalResult};
pub use network::{AddressLine, AttachLine, RegistrationLine, SignalLine};
pub use state::MqttStat;
