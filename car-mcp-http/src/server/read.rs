//! Reads a request's body, as much of it and for as long as is allowed.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::Body;
use tokio::time::Sleep;

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is larger than allowed.
    TooLarge,
    /// It took longer than allowed.
    TooSlow,
    /// The connection failed, or the body is not framed as it should be.
    Broken,
}

/// Reads a body.
///
/// # Cancel safety
/// What was read is lost.
pub(super) async fn read_body<B>(
    headers: &HeaderMap,
    body: B,
    most: usize,
    within: Duration,
) -> Result<Bytes, Unread>
where
    B: Body<Data = Bytes>,
{
    let declared = declared_length(headers);
    if declared.is_some_and(|length| length > most as u64) {
        return Err(Unread::TooLarge);
    }
    let mut body = pin!(body);
    let mut read = Read { first: Bytes::new(), rest: BytesMut::new(), most };
    let mut patience = Patience { polls: 0, within, timer: None };
    std::future::poll_fn(|context| match read.poll(body.as_mut(), context) {
        Poll::Pending => patience.poll(context).map(|()| Err(Unread::TooSlow)),
        done => done,
    })
    .await
}

/// Returns the length that the head gives. One that is no number is refused by whoever read the head.
fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// What has been read: nearly always one piece, which is then the body without a copy.
struct Read {
    first: Bytes,
    rest: BytesMut,
    most: usize,
}

impl Read {
    fn poll<B: Body<Data = Bytes>>(
        &mut self,
        mut body: Pin<&mut B>,
        context: &mut Context<'_>,
    ) -> Poll<Result<Bytes, Unread>> {
        loop {
            // Asking for what is known to be over costs another turn.
            let frame = match body.is_end_stream() {
                true => None,
                false => ready!(body.as_mut().poll_frame(context)),
            };
            let Some(frame) = frame else { return Poll::Ready(Ok(self.take())) };
            let Ok(frame) = frame else { return Poll::Ready(Err(Unread::Broken)) };
            // Trailers mean nothing here.
            let Ok(data) = frame.into_data() else { continue };
            if self.len() + data.len() > self.most {
                return Poll::Ready(Err(Unread::TooLarge));
            }
            self.push(data);
        }
    }

    fn len(&self) -> usize {
        self.first.len().max(self.rest.len())
    }

    fn push(&mut self, data: Bytes) {
        if self.len() == 0 {
            self.first = data;
            return;
        }
        if self.rest.is_empty() {
            self.rest.extend_from_slice(&self.first);
            self.first = Bytes::new();
        }
        self.rest.extend_from_slice(&data);
    }

    fn take(&mut self) -> Bytes {
        match self.rest.is_empty() {
            true => std::mem::take(&mut self.first),
            false => std::mem::take(&mut self.rest).freeze(),
        }
    }
}

/// A time limit that costs nothing where the body has come with the head.
///
/// The first look at a body only tells the connection that somebody wants it, so the timer is made at the second.
struct Patience {
    polls: u8,
    within: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.polls == 0 {
            self.polls = 1;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let within = self.within;
        self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(within))).as_mut().poll(context)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use http::HeaderValue;
    use http_body::Frame;
    use proptest::prelude::*;

    use super::*;

    /// A body of these pieces, which then ends, breaks or says nothing more.
    struct Pieces(VecDeque<Bytes>, End);

    #[derive(Clone, Copy)]
    enum End {
        Good,
        Broken,
        Silent,
    }

    impl Body for Pieces {
        type Data = Bytes;
        type Error = &'static str;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            match (self.0.pop_front(), self.1) {
                (Some(piece), _) => Poll::Ready(Some(Ok(Frame::data(piece)))),
                (None, End::Good) => Poll::Ready(None),
                (None, End::Broken) => Poll::Ready(Some(Err("broken"))),
                (None, End::Silent) => Poll::Pending,
            }
        }
    }

    const WITHIN: Duration = Duration::from_secs(30);

    async fn read(pieces: &[&'static str], end: End, most: usize) -> Result<Bytes, Unread> {
        let body = Pieces(pieces.iter().map(|piece| Bytes::from_static(piece.as_bytes())).collect(), end);
        read_body(&HeaderMap::new(), body, most, WITHIN).await
    }

    #[tokio::test]
    async fn a_body_of_one_piece_is_not_copied() {
        let piece = Bytes::from("{\"jsonrpc\":\"2.0\"}");
        let body = Pieces(VecDeque::from([piece.clone()]), End::Good);
        let read = read_body(&HeaderMap::new(), body, 100, WITHIN).await.unwrap();
        assert_eq!(read.as_ptr(), piece.as_ptr());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_read_to_its_end_or_not_at_all() {
        assert_eq!(read(&[], End::Good, 4).await, Ok(Bytes::new()));
        assert_eq!(read(&["ab", "", "cd"], End::Good, 4).await, Ok(Bytes::from("abcd")));
        assert_eq!(read(&["ab", "cd", "e"], End::Good, 4).await, Err(Unread::TooLarge));
        assert_eq!(read(&["abcde"], End::Silent, 4).await, Err(Unread::TooLarge));
        assert_eq!(read(&["ab"], End::Broken, 4).await, Err(Unread::Broken));
        let start = tokio::time::Instant::now();
        assert_eq!(read(&["ab"], End::Silent, 4).await, Err(Unread::TooSlow));
        assert_eq!(start.elapsed().as_secs(), WITHIN.as_secs());
    }

    #[tokio::test]
    async fn a_declared_length_is_refused_before_anything_is_read() {
        for (length, expected) in [("4", Ok(Bytes::from("ab"))), ("5", Err(Unread::TooLarge))] {
            let headers = HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from_static(length))]);
            let body = Pieces(VecDeque::from([Bytes::from("ab")]), End::Good);
            assert_eq!(read_body(&headers, body, 4, WITHIN).await, expected);
        }
    }

    proptest! {
        #[test]
        fn however_a_body_is_cut_it_is_the_same(text in "[a-z]{0,40}", cuts in prop::collection::vec(0_usize..41, 0..5)) {
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            let edges = std::iter::once(0).chain(cuts.iter().copied()).zip(cuts.iter().copied().chain([text.len()]));
            let pieces = edges.map(|(from, to)| Bytes::copy_from_slice(&text.as_bytes()[from..to])).collect();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let read = runtime.block_on(read_body(&HeaderMap::new(), Pieces(pieces, End::Good), 40, WITHIN));
            prop_assert_eq!(read, Ok(Bytes::from(text)));
        }
    }
}
