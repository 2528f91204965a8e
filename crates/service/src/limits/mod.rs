//! What clients and organizations may take: memory, turns, places, disk.

pub(crate) mod disk;
pub(crate) mod followers;
pub(crate) mod intake;
pub(crate) mod quota;
pub(crate) mod room;
pub(crate) mod shed;
