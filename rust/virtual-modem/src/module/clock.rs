//! The network's time, as `AT+CCLK?` prints it.

use m531x_at::calendar::date;

/// `yy/MM/dd,hh:mm:ss+00` of so many seconds since 1970, in UTC.
pub(super) fn format(unix_time: u64) -> String {
    let (days, second) = (unix_time / 86_400, unix_time % 86_400);
    let (year, month, day) = date(days);
    format!(
        "{:02}/{month:02}/{day:02},{:02}:{:02}:{:02}+00",
        year % 100,
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::format;

    #[test]
    fn dates_are_gregorian() {
        assert_eq!(format(0), "70/01/01,00:00:00+00");
        assert_eq!(format(951_827_696), "00/02/29,12:34:56+00");
        assert_eq!(format(1_550_361_600), "19/02/17,00:00:00+00");
    }
}
