//! Lines as a module prints them.

/// A publish that has arrived.
pub fn publish_line(topic: &str, payload: &[u8]) -> Vec<u8> {
    let mut line = format!("+MQTTPUBLISH:0,0,0,0,{topic},{},", payload.len()).into_bytes();
    line.extend_from_slice(payload);
    line.extend_from_slice(b"\r\n");
    line
}
