//! A name server with what a test puts there.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use hickory_resolver::proto::{
    op::{Message, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{MX, TXT},
    },
};
use tokio::net::UdpSocket;
use tokio_util::task::AbortOnDropHandle;

/// A name server over UDP.
pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    records: Arc<Mutex<Vec<(Name, RData)>>>,
    _answers: AbortOnDropHandle<()>,
}

impl NameServer {
    pub(crate) async fn start() -> Self {
        Self::start_with(answer).await
    }

    /// One that says of every name that something is wrong with itself.
    pub(crate) async fn start_broken() -> Self {
        Self::start_with(|query, _| {
            let mut answer = query.into_response();
            answer.metadata.response_code = ResponseCode::ServFail;
            answer
        })
        .await
    }

    async fn start_with(answer: fn(Message, &[(Name, RData)]) -> Message) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let address = socket.local_addr().expect("an address");
        let records: Arc<Mutex<Vec<(Name, RData)>>> = Arc::default();
        let zone = Arc::clone(&records);
        let answers = tokio::spawn(async move {
            let mut question = [0; 1024];
            while let Ok((length, from)) = socket.recv_from(&mut question).await {
                let Ok(query) = Message::from_vec(&question[..length]) else { continue };
                let answer = answer(query, &zone.lock().expect("the zone"));
                let _ = socket.send_to(&answer.to_vec().expect("an answer"), from).await;
            }
        });
        Self { address, records, _answers: AbortOnDropHandle::new(answers) }
    }

    /// Puts a text under `name`, in the pieces that such records are kept in.
    pub(crate) fn text(&self, name: &str, text: &str) {
        let pieces = text.as_bytes().chunks(255).map(|piece| String::from_utf8_lossy(piece).into_owned()).collect();
        self.put(name, RData::TXT(TXT::new(pieces)));
    }

    /// Says who takes the mail of `name`.
    pub(crate) fn exchanger(&self, name: &str, preference: u16, host: &str) {
        self.put(name, RData::MX(MX::new(preference, Name::from_ascii(host).expect("a name"))));
    }

    fn put(&self, name: &str, data: RData) {
        let mut name = Name::from_ascii(name).expect("a name");
        name.set_fqdn(true);
        self.records.lock().expect("the zone").push((name, data));
    }
}

fn answer(mut query: Message, zone: &[(Name, RData)]) -> Message {
    let asked = query.queries[0].clone();
    let here = |(name, _): &&(Name, RData)| name == asked.name();
    let kind = |data: &RData| match data {
        RData::TXT(_) => RecordType::TXT,
        _ => RecordType::MX,
    };
    let found = zone.iter().filter(here).filter(|(_, data)| kind(data) == asked.query_type());
    let found = found.map(|(name, data)| Record::from_rdata(name.clone(), 60, data.clone())).collect();
    query = query.into_response();
    if !zone.iter().any(|record| here(&record)) {
        query.metadata.response_code = ResponseCode::NXDomain;
    }
    query.insert_answers(found);
    query
}
