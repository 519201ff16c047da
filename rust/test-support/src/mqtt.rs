//! Packets of MQTT 3.1.1, byte by byte from the standard: peers that share no code with ours.

/// A packet with this first byte.
pub fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut length = body.len();
    loop {
        let digit = u8::try_from(length % 128).unwrap();
        length /= 128;
        packet.push(digit | if length > 0 { 0x80 } else { 0 });
        if length == 0 {
            break;
        }
    }
    packet.extend_from_slice(body);
    packet
}

/// A string with its length.
pub fn text(text: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = text.as_ref();
    let mut field = u16::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
    field.extend_from_slice(bytes);
    field
}

/// CONNECT of protocol level 4 without keep-alive (section 3.1).
pub fn connect(client_id: &str, clean_session: bool) -> Vec<u8> {
    let mut body = b"\0\x04MQTT\x04\0\0\0".to_vec();
    body[7] = if clean_session { 2 } else { 0 };
    body.extend(text(client_id));
    packet(0x10, &body)
}

/// PUBLISH; the packet id goes only with QoS 1 and 2.
pub fn publish(qos: u8, id: u16, retain: bool, topic: &str, payload: &[u8]) -> Vec<u8> {
    let mut body = text(topic);
    if qos > 0 {
        body.extend(id.to_be_bytes());
    }
    body.extend_from_slice(payload);
    packet(0x30 | qos << 1 | u8::from(retain), &body)
}

/// SUBSCRIBE to each filter at this QoS.
pub fn subscribe(id: u16, filters: impl IntoIterator<Item = String>, qos: u8) -> Vec<u8> {
    let mut body = id.to_be_bytes().to_vec();
    for filter in filters {
        body.extend(text(filter));
        body.push(qos);
    }
    packet(0x82, &body)
}

/// Takes the first packet off, once it is there as a whole.
pub fn take_packet(bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    let (header, length) = header(bytes)?;
    (bytes.len() >= header + length).then(|| bytes.drain(..header + length).collect())
}

/// What follows the fixed header of a whole packet.
pub fn body(packet: &[u8]) -> &[u8] {
    let (header, _) = header(packet).expect("a whole packet");
    &packet[header..]
}

/// The length of the fixed header, and the one that it declares.
fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut length = 0;
    for (at, digit) in bytes.iter().skip(1).enumerate() {
        length |= usize::from(digit & 0x7f) << (7 * at);
        if digit & 0x80 == 0 {
            return Some((at + 2, length));
        }
    }
    None
}
