//! The open port.

use std::io;
use std::net::TcpStream;
use std::os::windows::io::OwnedHandle;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::device::Device;
use super::event::Event;
use super::receiver::Receiver;
use super::sender::Sender;
use crate::transport::Port;
use crate::transport::rfc2217::Line;

/// The open port; dropping it closes the handle.
#[derive(Debug)]
pub(crate) struct Transport {
    device: Device,
    /// What makes a serial port of a socket.
    line: Option<Box<Line>>,
    receiver: Mutex<Receiver>,
    sender: Mutex<Sender>,
    readable: Arc<Event>,
    writable: Arc<Event>,
}

impl Transport {
    pub(super) fn serial(port: OwnedHandle) -> io::Result<Self> {
        Self::new(Device::Serial(port), None)
    }

    pub(crate) fn tcp(socket: TcpStream) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        Self::new(Device::Tcp(socket), None)
    }

    /// A serial port behind a Telnet server.
    pub(crate) fn remote(socket: TcpStream, line: Box<Line>) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        Self::new(Device::Tcp(socket), Some(line))
    }

    pub(crate) fn memory(socket: TcpStream) -> io::Result<Self> {
        Self::tcp(socket)
    }

    /// Set while a read has something to report.
    pub(super) fn readable(&self) -> Arc<Event> {
        Arc::clone(&self.readable)
    }

    /// Set while no write is under way.
    pub(super) fn writable(&self) -> Arc<Event> {
        Arc::clone(&self.writable)
    }

    fn new(device: Device, line: Option<Box<Line>>) -> io::Result<Self> {
        let readable = Arc::new(Event::lasting()?);
        let writable = Arc::new(Event::lasting()?);
        Ok(Self {
            receiver: Mutex::new(Receiver::new(&device, Arc::clone(&readable))?),
            sender: Mutex::new(Sender::new(Arc::clone(&writable))),
            device,
            line,
            readable,
            writable,
        })
    }

    fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.receiver().read(&self.device, buffer)
    }

    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.sender().write(&self.device, bytes)
    }

    fn receiver(&self) -> MutexGuard<'_, Receiver> {
        self.receiver.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sender(&self) -> MutexGuard<'_, Sender> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Port for Transport {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match &self.line {
            None => self.receive(buffer),
            Some(line) => line.read(
                buffer,
                |buffer| self.receive(buffer),
                |bytes| self.send(bytes),
            ),
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.line {
            None => self.send(bytes),
            Some(line) => line.write(bytes, |bytes| self.send(bytes)),
        }
    }

    fn is_real_line(&self) -> bool {
        matches!(self.device, Device::Serial(_)) || self.line.is_some()
    }

    fn set_baudrate(&self, baudrate: u32) -> io::Result<()> {
        if let Some(line) = &self.line {
            line.set_baudrate(baudrate, |bytes| self.send(bytes))?;
        }
        if let Device::Serial(_) = self.device {
            self.device.set_baudrate(baudrate)?;
            // What arrived at another speed means nothing.
            self.receiver().clear(&self.device);
        }
        Ok(())
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        self.device.abort();
        self.receiver().cancel(&self.device);
        self.sender().cancel(&self.device);
    }
}
