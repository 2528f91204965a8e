//! What a server tells the service manager that started it.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::Command;

use crate::folder::Folder;
use crate::server::{Server, WAIT_MAX};

/// The socket of somebody who plays systemd.
struct Manager(UnixDatagram);

impl Manager {
    fn of(socket: UnixDatagram) -> Manager {
        socket.set_read_timeout(Some(WAIT_MAX)).unwrap();
        Manager(socket)
    }

    fn at_path(folder: &Folder) -> Manager {
        Manager::of(UnixDatagram::bind(folder.path("notify")).unwrap())
    }

    /// The next that is told, a line each.
    #[track_caller]
    fn told(&self) -> Vec<String> {
        let mut bytes = [0; 4_096];
        let len = self.0.recv(&mut bytes).unwrap();
        let text = String::from_utf8(bytes[..len].to_vec()).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

/// A server that is told where to find its manager.
fn managed(folder: &Folder, environment: &[(&str, &str)]) -> Server {
    let mut command: Command = folder.serving(&[]);
    command.env_remove("WATCHDOG_USEC").env_remove("WATCHDOG_PID");
    Server::of({
        command.envs(environment.iter().copied());
        command
    })
}

fn micros(line: &str) -> i128 {
    line.strip_prefix("MONOTONIC_USEC=").unwrap_or_else(|| panic!("{line}")).parse().unwrap()
}

#[test]
fn the_service_manager_hears_of_the_start_a_reload_and_the_stop() {
    let (folder, _) = Folder::with_key();
    let manager = Manager::at_path(&folder);
    let server = managed(&folder, &[("NOTIFY_SOCKET", folder.path("notify").to_str().unwrap())]);
    let serving = format!("STATUS=Serving {}", server.address);
    assert_eq!(manager.told(), ["READY=1", &serving]);

    let mut before = 0;
    for _ in 0..2 {
        server.signal("-HUP");
        let reloading = manager.told();
        assert_eq!(reloading[0], "RELOADING=1");
        assert!(micros(&reloading[1]) > before, "{reloading:?}");
        before = micros(&reloading[1]);
        assert_eq!(manager.told(), ["READY=1", &serving]);
    }
    server.signal("-TERM");
    assert_eq!(manager.told(), ["STOPPING=1", "STATUS=Stopping"]);
    assert_eq!(server.ended().0.code(), Some(0));
}

#[test]
fn a_service_manager_without_a_path_is_reached() {
    let (folder, _) = Folder::with_key();
    let name = format!("driftless-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let manager = Manager::of(UnixDatagram::bind_addr(&address).unwrap());
    let server = managed(&folder, &[("NOTIFY_SOCKET", &format!("@{name}"))]);
    assert_eq!(manager.told()[0], "READY=1");
    server.stop();
}

#[test]
fn a_watchdog_hears_of_a_server_that_works_and_of_no_other_process() {
    let (folder, _) = Folder::with_key();
    let manager = Manager::at_path(&folder);
    let path = folder.path("notify");
    let socket = ("NOTIFY_SOCKET", path.to_str().unwrap());
    let server = managed(&folder, &[socket, ("WATCHDOG_USEC", "100000")]);
    assert_eq!(manager.told()[0], "READY=1");
    for _ in 0..3 {
        assert_eq!(manager.told(), ["WATCHDOG=1"]);
    }
    server.signal("-TERM");
    while manager.told() == ["WATCHDOG=1"] {}
    server.ended();

    let other = [socket, ("WATCHDOG_USEC", "100000"), ("WATCHDOG_PID", "1")];
    let server = managed(&folder, &other);
    assert_eq!(manager.told()[0], "READY=1");
    server.signal("-TERM");
    assert_eq!(manager.told()[0], "STOPPING=1");
    server.ended();
}

#[test]
fn a_service_manager_that_is_not_there_changes_nothing() {
    let (folder, _) = Folder::with_key();
    let gone = folder.path("gone");
    let server = managed(&folder, &[("NOTIFY_SOCKET", gone.to_str().unwrap())]);
    let log = server.stop();
    assert!(log.iter().any(|line| line.contains("cannot send to the service manager")), "{log:?}");
    let server = managed(&folder, &[("NOTIFY_SOCKET", &"x".repeat(200))]);
    let log = server.stop();
    assert!(log.iter().any(|line| line.contains("cannot reach the service manager")), "{log:?}");
}
