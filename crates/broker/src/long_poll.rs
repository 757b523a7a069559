//! When a Fetch is worth asking nisshi for.
//!
//! Kafka keeps a Fetch that finds nothing until something is produced. nisshi looks through every partition again and
//! again meanwhile, which takes it milliseconds each time. So such a Fetch waits here, and is asked once.

use std::time::Duration;

use nisshi_sans_io::{Body, FetchRequest, Frame, Header};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

/// nisshi looks once or twice for a Fetch that would wait so long. It also reads a partition for half of it at most: shorter
/// waits make small answers.
const ONCE: Duration = Duration::from_millis(10);

/// The same for a client that is far behind: there is more, so that nothing is waited for.
const CATCHING_UP: Duration = Duration::from_millis(100);

/// A Fetch that was answered with so many octets left more behind, perhaps.
const LARGE: usize = 8 * 1024;

/// No Fetch waits longer, whatever it asks for: its client may be gone, which is not noticed meanwhile.
const LONGEST: Duration = Duration::from_secs(30);

/// From one Fetch of a connection to the next: under load, one look finds what many produced.
const BREATH: Duration = Duration::from_millis(20);

/// A place in the log: the topic by its name or its id (from version 13 of Fetch), the partition, the offset.
type Place = (Option<String>, Option<[u8; 16]>, i32, i64);

/// What a Fetch asks for.
pub(crate) struct Fetch {
    header: Header,
    request: FetchRequest,
    wait: Duration,
    places: Vec<Place>,
}

impl Fetch {
    /// Reads a whole request, its length included. `None` if it is no Fetch that is understood here: nisshi may say so.
    pub(crate) fn read(request: &[u8]) -> Option<Self> {
        let Frame { header, body: Body::FetchRequest(request), .. } =
            Frame::request_from_bytes(request).ok()?
        else {
            return None;
        };
        let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).ok()?);
        let places = places(&request);
        Some(Self { header, request, wait, places })
    }

    /// The same as a whole request that waits so long. `None` if it cannot be written.
    pub(crate) fn waiting(self, wait: Duration) -> Option<Vec<u8>> {
        let wait = i32::try_from(wait.as_millis()).ok()?;
        Some(Frame::request(self.header, self.request.max_wait_ms(wait).into()).ok()?.to_vec())
    }
}

/// In a fixed order: clients begin with another partition each time.
fn places(fetch: &FetchRequest) -> Vec<Place> {
    let mut places = Vec::new();
    for topic in fetch.topics.iter().flatten() {
        let partitions = topic.partitions.iter().flatten();
        places.extend(
            partitions
                .map(|wanted| (topic.topic.clone(), topic.topic_id, wanted.partition, wanted.fetch_offset)),
        );
    }
    places.sort();
    places
}

/// One connection's Fetches.
pub(crate) struct LongPoll {
    /// Changes whenever the log may have.
    writes: watch::Receiver<u64>,
    /// What the Fetch before asked for.
    last: Vec<Place>,
    not_before: Instant,
}

impl LongPoll {
    /// Of a connection that has fetched nothing yet.
    pub(crate) fn new(writes: watch::Receiver<u64>) -> Self {
        Self { writes, last: Vec::new(), not_before: Instant::now() }
    }

    /// Waits until `fetch` may find something: if it asks for the same places as the one before, until something was
    /// written since that one was sent, or until its own wait is over. Gives how long nisshi may wait for more. `answered`
    /// is the size of the connection's last answer, in octets.
    pub(crate) async fn wait(&mut self, fetch: &Fetch, answered: usize) -> Duration {
        let found_nothing = self.last == fetch.places;
        if found_nothing {
            // Over or written, or no writer left: each is a reason to ask.
            let _ = timeout(fetch.wait.min(LONGEST), self.writes.changed()).await;
        }
        sleep_until(self.not_before).await;
        self.not_before = Instant::now() + BREATH;
        // Before it is sent: what is written from now on may be missed by it.
        self.writes.mark_unchanged();
        self.last.clone_from(&fetch.places);
        if found_nothing || answered < LARGE { ONCE } else { CATCHING_UP }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use nisshi_sans_io::fetch_request::{FetchPartition, FetchTopic};

    use super::*;

    /// A whole Fetch from one topic, whose number is 7.
    pub(crate) fn request(api_version: i16, wait: i32, offsets: &[(i32, i64)]) -> Vec<u8> {
        let partitions = offsets.iter().map(|(partition, offset)| {
            FetchPartition::default()
                .partition(*partition)
                .current_leader_epoch(Some(-1))
                .fetch_offset(*offset)
                .last_fetched_epoch(Some(-1))
                .log_start_offset(Some(-1))
                .partition_max_bytes(1024)
        });
        let partitions: Vec<_> = partitions.collect();
        let topic = FetchTopic::default().topic(Some("an-alert".into())).partitions(Some(partitions));
        let fetch = FetchRequest::default()
            .replica_id(Some(-1))
            .max_wait_ms(wait)
            .min_bytes(1)
            .max_bytes(Some(1024))
            .isolation_level(Some(0))
            .session_id(Some(0))
            .session_epoch(Some(-1))
            .forgotten_topics_data(Some(Vec::new()))
            .rack_id(Some(String::new()))
            .topics(Some(vec![topic]));
        let client_id = Some("test".into());
        let header = Header::Request { api_key: 1, api_version, correlation_id: 7, client_id };
        Frame::request(header, fetch.into()).expect("can be written").to_vec()
    }

    fn fetch(wait: i32, offsets: &[(i32, i64)]) -> Fetch {
        Fetch::read(&request(11, wait, offsets)).expect("a Fetch")
    }

    /// Whether it goes out without a write.
    async fn goes(long_poll: &mut LongPoll, fetch: &Fetch) -> bool {
        timeout(BREATH * 10, long_poll.wait(fetch, 0)).await.is_ok()
    }

    #[test]
    fn the_request_that_is_sent_is_the_same_but_for_its_wait() {
        for api_version in [4, 11, 12] {
            let fetch = Fetch::read(&request(api_version, 500, &[(0, 3), (1, 4)])).expect("a Fetch");
            assert_eq!(fetch.wait, Duration::from_millis(500));
            let at_once = fetch.waiting(ONCE).expect("can be written");
            assert_eq!(at_once, request(api_version, 10, &[(0, 3), (1, 4)]));
        }
    }

    #[test]
    fn what_is_no_fetch_is_left_alone() {
        assert!(Fetch::read(&[0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff]).is_none());
        assert!(Fetch::read(&request(11, 500, &[])[..20]).is_none());
        assert!(Fetch::read(&request(11, -1, &[(0, 0)])).is_none());
    }

    #[tokio::test]
    async fn the_first_fetch_and_one_for_other_offsets_wait_for_no_write() {
        let writes = watch::Sender::new(0);
        let mut long_poll = LongPoll::new(writes.subscribe());
        assert!(goes(&mut long_poll, &fetch(60_000, &[(0, 3), (1, 4)])).await);
        assert!(!goes(&mut long_poll, &fetch(60_000, &[(1, 4), (0, 3)])).await);
        assert!(goes(&mut long_poll, &fetch(60_000, &[(0, 4), (1, 4)])).await);
    }

    #[tokio::test]
    async fn a_fetch_that_found_nothing_waits_for_a_write_and_no_write_is_missed() {
        let writes = watch::Sender::new(0);
        let mut long_poll = LongPoll::new(writes.subscribe());
        let fetch = fetch(60_000, &[(0, 3)]);
        long_poll.wait(&fetch, 0).await;
        assert!(!goes(&mut long_poll, &fetch).await);
        writes.send_modify(|count| *count += 1);
        assert!(goes(&mut long_poll, &fetch).await);
        assert!(!goes(&mut long_poll, &fetch).await);
    }

    #[tokio::test]
    async fn a_fetch_waits_as_long_as_it_asks_for() {
        let writes = watch::Sender::new(0);
        let mut long_poll = LongPoll::new(writes.subscribe());
        let fetch = fetch(50, &[(0, 3)]);
        long_poll.wait(&fetch, 0).await;
        let begun = Instant::now();
        long_poll.wait(&fetch, 0).await;
        assert!(begun.elapsed() >= Duration::from_millis(50));
    }

    #[tokio::test]
    async fn fetches_that_find_something_are_spaced() {
        let writes = watch::Sender::new(0);
        let mut long_poll = LongPoll::new(writes.subscribe());
        let begun = Instant::now();
        for offset in 0..4 {
            long_poll.wait(&fetch(60_000, &[(0, offset)]), 0).await;
        }
        assert!(begun.elapsed() >= BREATH * 3);
    }

    #[tokio::test]
    async fn whoever_got_much_and_asks_for_more_gets_much_again() {
        let writes = watch::Sender::new(0);
        let mut long_poll = LongPoll::new(writes.subscribe());
        let at = |offset| fetch(1, &[(0, offset)]);
        assert_eq!(long_poll.wait(&at(0), 0).await, ONCE);
        assert_eq!(long_poll.wait(&at(1), LARGE - 1).await, ONCE);
        assert_eq!(long_poll.wait(&at(2), LARGE).await, CATCHING_UP);
        // It found nothing: what was answered before does not count.
        assert_eq!(long_poll.wait(&at(2), LARGE).await, ONCE);
    }
}
