//! What a session's streams promise: nothing lost, nothing twice, nothing unbounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use proptest::prelude::*;

use super::*;
use crate::server::store::{EventStore, MemoryStore};

/// Counts how often it is woken.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn options(max_events: usize, max_event_bytes: usize) -> SessionOptions {
    SessionOptions { max_events, max_event_bytes, ..SessionOptions::default() }
}

fn read(streams: &mut Streams, attached: &Attached) -> Read {
    streams.poll_read(attached, &Context::from_waker(Waker::noop()))
}

/// Reads what there is, as the data of each event.
fn drain(streams: &mut Streams, attached: &Attached) -> Vec<String> {
    let mut data = Vec::new();
    while let Read::Event(event) = read(streams, attached) {
        let text = String::from_utf8(event.to_vec()).unwrap();
        data.push(text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap().to_owned());
    }
    data
}

fn say(streams: &mut Streams, number: u64, from: u64, to: u64, options: &SessionOptions) {
    for text in from..=to {
        streams.append(number, text.to_string().as_bytes(), options);
    }
}

fn after(stream: u64, sequence: u64) -> EventId {
    EventId { stream, sequence }
}

#[tokio::test]
async fn events_carry_the_stream_and_their_place_in_it() {
    let (options, now) = (SessionOptions::default(), Instant::now());
    let mut streams = Streams::new(true);
    let (first, second) = (streams.open(&options, now), streams.open(&options, now));
    assert_eq!((first.last, second.last), (after(1, 0), after(2, 0)));
    streams.append(2, b"b", &options);
    streams.append(1, b"a", &options);
    streams.append(1, b"c", &options);
    let event = |text: &'static str| Read::Event(Bytes::from_static(text.as_bytes()));
    assert_eq!(read(&mut streams, &first), event("id: 1-1\nevent: message\ndata: a\n\n"));
    assert_eq!(read(&mut streams, &first), event("id: 1-2\nevent: message\ndata: c\n\n"));
    assert_eq!(read(&mut streams, &first), Read::Wait);
    assert_eq!(read(&mut streams, &second), event("id: 2-1\nevent: message\ndata: b\n\n"));
}

#[tokio::test]
async fn a_client_that_comes_back_gets_the_rest_of_its_stream_and_no_other() {
    let (options, now) = (SessionOptions::default(), Instant::now());
    let mut streams = Streams::new(true);
    let first = streams.open(&options, now);
    let second = streams.open(&options, now);
    say(&mut streams, 1, 1, 5, &options);
    say(&mut streams, 2, 100, 105, &options);
    assert_eq!(drain(&mut streams, &first).len(), 5);
    assert!(streams.detach(&first, now));
    say(&mut streams, 1, 6, 7, &options);
    let again = streams.resume(after(1, 3)).unwrap();
    assert_eq!(drain(&mut streams, &again), ["4", "5", "6", "7"]);
    say(&mut streams, 1, 8, 8, &options);
    assert_eq!(drain(&mut streams, &again), ["8"]);
    streams.finish(1, now);
    assert_eq!(read(&mut streams, &again), Read::End);
    assert_eq!(drain(&mut streams, &second).len(), 6);
}

#[tokio::test]
async fn a_stream_that_has_ended_can_still_be_read_to_its_end() {
    let (options, now) = (SessionOptions::default(), Instant::now());
    let mut streams = Streams::new(true);
    let first = streams.open(&options, now);
    streams.detach(&first, now);
    say(&mut streams, 1, 1, 2, &options);
    streams.finish(1, now);
    say(&mut streams, 1, 3, 3, &options);
    let again = streams.resume(after(1, 0));
    // Nobody got anything but the priming event.
    let again = again.unwrap();
    assert_eq!(drain(&mut streams, &again), ["1", "2"]);
    assert_eq!(read(&mut streams, &again), Read::End);
}

#[tokio::test]
async fn ids_that_were_not_handed_out_and_events_that_are_gone_are_told_apart() {
    let (options, now) = (options(3, 1 << 20), Instant::now());
    let mut streams = Streams::new(true);
    assert_eq!(streams.resume(after(OWN, 0)), Err(Lost::NeverGiven));
    let first = streams.open(&options, now);
    say(&mut streams, 1, 1, 10, &options);
    assert_eq!(drain(&mut streams, &first).len(), 10);
    say(&mut streams, 1, 11, 11, &options);
    for (id, expected) in [
        (after(2, 0), Lost::NeverGiven),
        (after(1, 11), Lost::NeverGiven),
        (after(1, u64::MAX), Lost::NeverGiven),
        (after(1, 0), Lost::Forgotten),
        (after(1, 7), Lost::Forgotten),
    ] {
        assert_eq!(streams.resume(id), Err(expected), "{id}");
    }
    let again = streams.resume(after(1, 8)).unwrap();
    assert_eq!(drain(&mut streams, &again), ["9", "10", "11"]);
}

#[tokio::test]
async fn the_newest_reader_takes_a_stream_over() {
    let options = SessionOptions::default();
    let mut streams = Streams::new(true);
    let old = streams.attach_own();
    let counting = Arc::new(Counting::default());
    let waker = Waker::from(Arc::clone(&counting));
    assert_eq!(streams.poll_read(&old, &Context::from_waker(&waker)), Read::Wait);
    let new = streams.attach_own();
    assert_eq!(counting.0.load(Ordering::Relaxed), 1);
    assert!(streams.push(b"1", &options, Instant::now()));
    assert_eq!(read(&mut streams, &old), Read::End);
    assert_eq!(drain(&mut streams, &new), ["1"]);
    assert!(!streams.detach(&old, Instant::now()));
    assert!(streams.is_any_attached());
}

#[tokio::test(start_paused = true)]
async fn a_push_is_taken_while_somebody_may_read_it() {
    let options = SessionOptions::default();
    let mut streams = Streams::new(true);
    let push = |streams: &mut Streams| streams.push(b"1", &options, Instant::now());
    assert!(!push(&mut streams));
    let own = streams.attach_own();
    assert!(push(&mut streams));
    streams.detach(&own, Instant::now());
    tokio::time::advance(options.grace - Duration::from_millis(1)).await;
    assert!(push(&mut streams));
    tokio::time::advance(Duration::from_millis(1)).await;
    assert!(!push(&mut streams));
    // Who opens the stream anew gets what nobody got.
    let own = streams.attach_own();
    assert_eq!(drain(&mut streams, &own), ["1", "1"]);
    streams.finish(OWN, Instant::now());
    assert!(!push(&mut streams));
}

#[tokio::test]
async fn a_push_to_a_client_that_does_not_read_is_refused_before_anything_is_lost() {
    let now = Instant::now();
    for (options, fit) in [(options(5, 1 << 20), 5), (options(1_000, 250), 6)] {
        let mut streams = Streams::new(true);
        let own = streams.attach_own();
        let pushed = (0..20).filter(|_| streams.push(b"x", &options, now)).count();
        assert_eq!(pushed, fit);
        assert_eq!(drain(&mut streams, &own).len(), fit);
        assert!(streams.push(b"x", &options, now));
    }
}

#[tokio::test]
async fn a_task_waits_for_a_slow_reader_and_not_for_an_absent_one() {
    let (options, now) = (SessionOptions::default(), Instant::now());
    let mut streams = Streams::new(true);
    let first = streams.open(&options, now);
    let counting = Arc::new(Counting::default());
    let waker = Waker::from(Arc::clone(&counting));
    let context = Context::from_waker(&waker);
    let mut said = 0;
    while streams.poll_room(1, options.max_events, &context).is_ready() {
        say(&mut streams, 1, 1, 1, &options);
        said += 1;
        assert!(said < 100);
    }
    assert!(matches!(read(&mut streams, &first), Read::Event(_)));
    assert_eq!(counting.0.load(Ordering::Relaxed), 1);
    assert!(streams.poll_room(1, options.max_events, &context).is_ready());
    streams.detach(&first, now);
    say(&mut streams, 1, 1, 100, &options);
    assert!(streams.poll_room(1, options.max_events, &context).is_ready());
}

#[tokio::test]
async fn what_is_kept_is_bounded_and_what_a_reader_has_yet_to_get_is_never_dropped() {
    let (options, now) = (options(1_000, 1_000), Instant::now());
    let mut streams = Streams::new(true);
    let read_stream = streams.open(&options, now);
    let unread = streams.open(&options, now);
    let absent = streams.open(&options, now);
    streams.detach(&absent, now);
    say(&mut streams, 2, 1, 3, &options);
    for _ in 0..50 {
        streams.append(3, &[b'x'; 100], &options);
        streams.append(1, &[b'x'; 100], &options);
        assert_eq!(drain(&mut streams, &read_stream).len(), 1);
        assert!(streams.bytes <= 1_000);
    }
    assert_eq!(drain(&mut streams, &unread), ["1", "2", "3"]);
    // One event over the bound still reaches whoever reads.
    streams.append(1, &[b'y'; 5_000], &options);
    assert_eq!(drain(&mut streams, &read_stream)[0].len(), 5_000);
    streams.append(1, b"z", &options);
    assert!(streams.bytes <= 1_000);
}

#[tokio::test]
async fn what_is_over_makes_room_for_what_goes_on() {
    let (options, now) = (options(1_000, 4_000), Instant::now());
    let mut streams = Streams::new(true);
    let over = streams.open(&options, now);
    say(&mut streams, 1, 1, 50, &options);
    assert_eq!(drain(&mut streams, &over).len(), 50);
    streams.finish(1, now);
    streams.detach(&over, now);
    let live = streams.open(&options, now);
    for _ in 0..100 {
        say(&mut streams, 2, 1, 1, &options);
        assert_eq!(drain(&mut streams, &live).len(), 1);
    }
    assert!(streams.resume(after(2, 0)).is_ok());
    assert_eq!(streams.resume(after(1, 0)), Err(Lost::Forgotten));
}

#[tokio::test]
async fn streams_that_ended_are_forgotten_in_time_and_in_number() {
    let (options, now) = (SessionOptions::default(), Instant::now());
    let mut streams = Streams::new(true);
    for _ in 0..1_000 {
        let attached = streams.open(&options, now);
        say(&mut streams, attached.number, 1, 1, &options);
        assert_eq!(drain(&mut streams, &attached), ["1"]);
        streams.finish(attached.number, now);
        streams.detach(&attached, now);
        assert!(streams.list.len() <= MAX_FINISHED + 1);
    }
    assert_eq!(streams.resume(after(1, 0)), Err(Lost::Forgotten));
    assert!(streams.resume(after(1_000, 0)).is_ok());
    streams.detach(&Attached { number: 1_000, generation: 2, last: after(1_000, 0) }, now);
    streams.forget_finished(options.grace, now + options.grace);
    // The last one was asked for again and not read.
    assert!(streams.list.len() <= 1);
}

#[tokio::test]
async fn a_client_that_does_not_come_back_is_sent_no_ids_and_nothing_is_kept_for_it() {
    let options = SessionOptions::default();
    let mut streams = Streams::new(false);
    let own = streams.attach_own();
    streams.append(OWN, b"1", &options);
    let event = Bytes::from_static(b"event: message\ndata: 1\n\n");
    assert_eq!(read(&mut streams, &own), Read::Event(event));
    assert_eq!(streams.bytes, 0);
    streams.detach(&own, Instant::now());
    assert!(!streams.push(b"2", &options, Instant::now()));
}

/// A store that loses the third event of each stream.
#[derive(Debug)]
struct Leaking;

#[derive(Debug)]
struct LeakingLog(Box<dyn EventLog>);

impl EventStore for Leaking {
    fn open(&self) -> Box<dyn EventLog> {
        Box::new(LeakingLog(MemoryStore.open()))
    }
}

impl EventLog for LeakingLog {
    fn push(&mut self, stream: u64, sequence: u64, event: Bytes) {
        self.0.push(stream, sequence, event);
    }

    fn get(&self, stream: u64, sequence: u64) -> Option<Bytes> {
        self.0.get(stream, sequence).filter(|_| sequence != 3)
    }

    fn forget(&mut self, stream: u64, sequence: u64) {
        self.0.forget(stream, sequence);
    }
}

#[tokio::test]
async fn an_event_that_the_store_lost_is_told_of_rather_than_left_out() {
    let options = SessionOptions { store: Arc::new(Leaking), ..SessionOptions::default() };
    let mut streams = Streams::new(true);
    let first = streams.open(&options, Instant::now());
    say(&mut streams, 1, 1, 5, &options);
    assert_eq!(drain(&mut streams, &first), ["1", "2"]);
    assert_eq!(read(&mut streams, &first), Read::End);
    assert_eq!(streams.resume(after(1, 2)), Err(Lost::Forgotten));
}

/// What happens to a stream.
#[derive(Clone, Debug)]
enum Happening {
    Say(u8),
    Read(u8),
    Cut { forgets: u8 },
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        (1..8_u8).prop_map(Happening::Say),
        (1..8_u8).prop_map(Happening::Read),
        (0..4_u8).prop_map(|forgets| Happening::Cut { forgets }),
    ]
}

proptest! {
    #[test]
    fn however_a_stream_is_cut_its_client_gets_every_event_once(
        happenings in proptest::collection::vec(happening(), 1..60),
    ) {
        let (options, now) = (options(10_000, 1 << 20), Instant::now());
        let mut streams = Streams::new(true);
        let mut attached = streams.open(&options, now);
        let (mut said, mut got) = (0_u64, Vec::new());
        for happening in happenings {
            match happening {
                Happening::Say(count) => {
                    say(&mut streams, 1, said + 1, said + u64::from(count), &options);
                    said += u64::from(count);
                }
                Happening::Read(count) => {
                    for _ in 0..count {
                        let Read::Event(event) = read(&mut streams, &attached) else { break };
                        let text = String::from_utf8(event.to_vec()).unwrap();
                        let data = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
                        got.push(data.parse::<u64>().unwrap());
                    }
                }
                // What was on its way when the connection broke never arrived.
                Happening::Cut { forgets } => {
                    got.truncate(got.len().saturating_sub(forgets.into()));
                    streams.detach(&attached, now);
                    attached = streams.resume(after(1, got.len() as u64)).unwrap();
                }
            }
        }
        streams.finish(1, now);
        let rest = drain(&mut streams, &attached);
        got.extend(rest.iter().map(|text| text.parse::<u64>().unwrap()));
        prop_assert_eq!(got, (1..=said).collect::<Vec<_>>());
        prop_assert_eq!(read(&mut streams, &attached), Read::End);
    }
}
