//! Driftless: the use cases: sessions, roles, activities, runs; the commit; caches.
