//! Sockets that make room for others, and the rule that nobody does so in turn.

use std::net::{IpAddr, Ipv4Addr};

use super::*;

/// A building with its places, in which sockets are numbered as they come.
struct Building {
    places: Places,
    now: Instant,
    numbers: Number,
}

/// The outcome for a new socket, with the socket that made room for it, if any.
type Outcome = Result<Option<Number>, Full>;

impl Building {
    fn new(strangers: usize, residents: usize) -> Self {
        let places = Places::new(Room { strangers, residents });
        Self { places, now: Instant::now(), numbers: 0 }
    }

    fn resident(&mut self, house: &str, session: &str) -> Outcome {
        let session = SessionId::of_token(session);
        self.add(|places, number, closing, now| {
            places.add_resident(number, &session, &owner(house), closing, now)
        })
    }

    fn stranger(&mut self, network: u32) -> Outcome {
        self.add(|places, number, closing, now| places.add_stranger(number, of(network), closing, now))
    }

    fn add(
        &mut self,
        add: impl FnOnce(&mut Places, Number, Closing, Instant) -> Result<Option<Closing>, Full>,
    ) -> Outcome {
        let before = self.numbers_open();
        let number = self.numbers;
        self.numbers += 1;
        let displaced = add(&mut self.places, number, Closing::default(), self.now)?;
        let after = self.numbers_open();
        let gone: Vec<_> = before.iter().filter(|number| !after.contains(number)).copied().collect();
        assert_eq!(gone.len(), usize::from(displaced.is_some()));
        Ok(gone.first().copied())
    }

    fn numbers_open(&self) -> Vec<Number> {
        let strangers = self.places.strangers.values().flat_map(BTreeMap::keys);
        let residents = self.places.residents.values().flat_map(|of_owner| &of_owner.sockets);
        let open: Vec<_> = strangers.copied().chain(residents.map(|socket| socket.number)).collect();
        let counted = self.places.open();
        assert_eq!(open.len(), counted.strangers + counted.residents);
        open
    }
}

fn owner(house: &str) -> Owner {
    Owner::Flat(Line::new("101-1").unwrap(), House::new(house).unwrap())
}

fn of(network: u32) -> Network {
    IpAddr::from(Ipv4Addr::from_bits(network)).into()
}

#[test]
fn beyond_a_sessions_bound_its_oldest_makes_room_and_not_without_end() {
    let mut building = Building::new(4, 1_000);
    for _ in 0..OF_SESSION {
        assert_eq!(building.resident("1203", "phone"), Ok(None));
    }
    for displaced in 0..16 {
        assert_eq!(building.resident("1203", "phone"), Ok(Some(displaced)));
    }
    // Two pages that take the place from each other find no end to that by themselves.
    assert_eq!(building.resident("1203", "phone"), Err(Full::Session));
    assert_eq!(building.resident("1203", "tablet"), Ok(None), "another device of the family is not refused");
    assert_eq!(building.resident("1204", "phone of 1204"), Ok(None));
    building.now += Duration::from_secs(10);
    assert_eq!(building.resident("1203", "phone"), Ok(Some(16)));
    assert_eq!(building.resident("1203", "phone"), Err(Full::Session));
}

#[test]
fn the_newest_device_of_a_family_displaces_the_device_with_the_most_sockets() {
    let mut building = Building::new(4, 1_000);
    for device in ["a", "b", "c", "d"] {
        for _ in 0..OF_FLAT / 4 {
            assert_eq!(building.resident("1203", device), Ok(None));
        }
    }
    assert_eq!(building.places.open().residents, OF_FLAT);
    for displaced in [0, 16, 32, 48, 1] {
        assert_eq!(building.resident("1203", "new"), Ok(Some(displaced)));
    }
    assert_eq!(building.places.open().residents, OF_FLAT);
}

#[test]
fn a_flat_with_one_socket_of_each_device_displaces_the_oldest_only_now_and_then() {
    let mut building = Building::new(4, 1_000);
    for device in 0..OF_FLAT {
        assert_eq!(building.resident("1203", &device.to_string()), Ok(None));
    }
    for displaced in 0..16 {
        let device = format!("new {displaced}");
        assert_eq!(building.resident("1203", &device), Ok(Some(displaced)));
    }
    assert_eq!(building.resident("1203", "another"), Err(Full::Flat));
}

#[test]
fn a_residents_first_socket_finds_a_place_where_somebody_has_more_than_one() {
    let mut building = Building::new(4, 6);
    for _ in 0..4 {
        assert_eq!(building.resident("1203", "hoarder"), Ok(None));
    }
    assert_eq!(building.resident("1204", "a"), Ok(None));
    assert_eq!(building.resident("1301", "b"), Ok(None));
    assert_eq!(building.resident("1302", "c"), Ok(Some(0)));
    assert_eq!(building.resident("1401", "d"), Ok(Some(1)));
    assert_eq!(building.resident("1203", "hoarder"), Err(Full::Residents));
    assert_eq!(building.resident("1402", "e"), Ok(Some(2)));
    // Everybody has one. A place that one gets is one that another loses.
    assert_eq!(building.resident("1501", "f"), Err(Full::Residents));
}

#[test]
fn strangers_displace_neither_residents_nor_networks_that_have_fewer() {
    let mut building = Building::new(4, 4);
    for _ in 0..4 {
        assert_eq!(building.stranger(1), Ok(None));
    }
    assert_eq!(building.stranger(1), Err(Full::Strangers));
    assert_eq!(building.resident("1203", "phone"), Ok(None));
    assert_eq!(building.stranger(2), Ok(Some(0)));
    assert_eq!(building.stranger(3), Ok(Some(1)));
    assert_eq!(building.stranger(4), Ok(Some(2)));
    assert_eq!(building.stranger(5), Err(Full::Strangers), "every network has one");
    assert_eq!(building.places.open(), Open { strangers: 4, residents: 1 });
}

#[test]
fn a_stranger_that_sends_no_connect_makes_room_for_the_next_after_its_grace() {
    let mut building = Building::new(4, 4);
    for network in [1, 1, 2, 3] {
        assert_eq!(building.stranger(network), Ok(None));
    }
    building.now += GRACE;
    assert_eq!(building.stranger(1), Ok(Some(0)));
    assert_eq!(building.stranger(2), Ok(Some(1)));
    assert_eq!(building.stranger(3), Ok(Some(2)));
    assert_eq!(building.stranger(1), Ok(Some(3)));
    assert_eq!(building.stranger(2), Err(Full::Strangers), "all of them are new");
}

#[test]
fn a_place_that_was_displaced_is_not_given_back_twice() {
    let mut building = Building::new(4, 2);
    for _ in 0..2 {
        building.resident("1203", "phone").unwrap();
    }
    assert_eq!(building.resident("1204", "other"), Ok(Some(0)));
    assert!(building.places.remove_resident(0, &owner("1203")).is_none());
    assert!(building.places.remove_resident(1, &owner("1203")).is_some());
    assert_eq!(building.places.open().residents, 1);
}
