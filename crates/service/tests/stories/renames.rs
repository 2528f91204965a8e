//! Statuses that are renamed while they are being renamed.

use std::pin::pin;
use std::task::{Context, Waker};

use domain::{StatusId, StatusName};
use service::{Authority, Spread, SystemClock, wait};

use crate::harness::{World, create, everything};

const STATUS: StatusId = StatusId(2);

#[test]
fn a_name_that_comes_back_meanwhile_still_reaches_every_record() {
    let world = World::new(SystemClock);
    world.write(create("Call")).unwrap();
    let (service, org) = (&world.service, &world.org);
    let name = |text: &str| StatusName::parse(text).unwrap();
    let mut meanwhile = |_| {
        wait(service.rename_status(
            Authority::command_line(org),
            STATUS,
            name("Other"),
            &mut |_| {},
        ))
        .unwrap();
        // Whoever wants the first name back gives up before any record has followed.
        let nobody = &mut |_| {};
        let mut given_up =
            pin!(service.rename_status(Authority::command_line(org), STATUS, name("New"), nobody));
        let begun = given_up.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(begun.is_pending());
        world.settle();
    };
    wait(service.rename_status(Authority::command_line(org), STATUS, name("New"), &mut meanwhile))
        .unwrap();
    service.housekeep();
    let session = world.log_in();
    let answer = world.sync(&world.caller(&session).unwrap(), &everything());
    assert_eq!(answer.records[0].record().unwrap().status_name, name("New"));
}

#[test]
fn a_damaged_record_is_passed_over_and_the_rename_comes_to_its_end() {
    let mut world = World::new(SystemClock);
    let ids = ["one", "damaged", "other"].map(|text| world.write(create(text)).unwrap().id);
    world.damage("UPDATE change SET document = 'secret' WHERE seq = 2");
    world.restart(true); // Memory has it no more.
    let name = StatusName::parse("Open").unwrap();
    let mut told = Spread::default();
    let hear = &mut |spread| told = spread;
    let spread = wait(world.service.rename_status(
        Authority::command_line(&world.org),
        STATUS,
        name.clone(),
        hear,
    ))
    .unwrap();
    assert_eq!(spread, Spread { changed: 2, unreadable: 1 });
    assert_eq!(told, spread);
    for id in [ids[0], ids[2]] {
        let (_, version) = world.block_on(world.service.retrieve(&world.org, id)).unwrap();
        assert_eq!(version.unwrap().record().unwrap().status_name, name);
    }
    let is_unfinished = || world.org.directory().statuses[&STATUS].spreading;
    assert!(!is_unfinished());
    world.service.housekeep();
    assert!(!is_unfinished());
}
