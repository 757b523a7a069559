//! The write-ahead log is moved into the file in quiet moments, beside the presses.

use backend::delivery::outbox::Entry;
use tokio::time::{Duration, sleep, timeout};

use super::{append, entry, open, values};

const PATIENCE: Duration = Duration::from_secs(20);
/// The length of each value, in octets, which is about a page of the file.
const LENGTH: usize = 4_000;

#[tokio::test(flavor = "multi_thread")]
async fn many_commits_are_moved_into_the_file_once_nothing_is_written_for_a_moment() {
    let directory = tempfile::tempdir().expect("a directory");
    let outbox = open(directory.path()).await;
    let path = directory.path().join("outbox.db");
    let length = || std::fs::metadata(&path).expect("the file is there").len();
    let before = length();
    for number in 0..120 {
        append(&outbox, Entry { value: vec![number; LENGTH], ..entry(number) }).await;
    }
    // A moment of a busy machine may have been quiet before the last of them.
    let moved = before + 100 * LENGTH as u64;
    let moving = async {
        while length() < moved {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, moving).await.expect("the commits are moved");
    append(&outbox, entry(120)).await;
    outbox.close().await;
    let outbox = open(directory.path()).await;
    assert_eq!(values(&outbox).await.len(), 121);
    outbox.close().await;
}
