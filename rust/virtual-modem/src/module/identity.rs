//! Who the module says it is: drawn from the seed, so that many in one process differ.

/// The numbers of one module and its SIM.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) imei: String,
    pub(super) imsi: String,
    pub(super) iccid: String,
    pub(super) address: String,
}

impl Identity {
    pub(super) fn from_seed(seed: u64) -> Self {
        // Not the stream of the faults, so that adding a fault does not change the identity.
        let mut random = fastrand::Rng::with_seed(seed ^ 0x4d35_3331);
        let mut digits =
            |count: usize| -> String { (0..count).map(|_| random.digit(10)).collect() };
        let imei = with_check_digit(format!("86{}", digits(12)));
        // 460-04 is China Mobile's network for NB-IoT, 898604 its SIM cards.
        let imsi = format!("46004{}", digits(10));
        let iccid = with_check_digit(format!("898604{}", digits(13)));
        let address = format!(
            "10.{}.{}.{}",
            random.u8(..),
            random.u8(..),
            random.u8(1..=254)
        );
        Self {
            imei,
            imsi,
            iccid,
            address,
        }
    }
}

/// Appends the Luhn check digit that IMEI (3GPP TS 23.003, annex B) and ICCID end with.
fn with_check_digit(mut digits: String) -> String {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(index, byte)| {
            let digit = u32::from(byte - b'0');
            let doubled = digit * 2;
            match (index % 2, doubled > 9) {
                (0, true) => doubled - 9,
                (0, false) => doubled,
                _ => digit,
            }
        })
        .sum();
    let check = (10 - sum % 10) % 10;
    digits.push_str(&check.to_string());
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_is_luhns() {
        // The example of 3GPP TS 23.003 and GSMA TS.06.
        assert_eq!(
            with_check_digit("49015420323751".to_owned()),
            "490154203237518"
        );
    }

    #[test]
    fn the_numbers_have_their_lengths() {
        let identity = Identity::from_seed(7);
        assert_eq!(identity.imei.len(), 15);
        assert_eq!(identity.imsi.len(), 15);
        assert_eq!(identity.iccid.len(), 20);
        assert_ne!(identity.imei, Identity::from_seed(8).imei);
    }
}
