//! What goes wrong, all at once.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use tokio::time::{Instant, sleep};

use super::{Scale, workers::Workers};
use crate::support::{own_postgres::OwnPostgres, proxy::Proxy};

/// The worker that is stopped again and again. The others are killed.
const STOPPED: usize = 0;

/// What is hit, and how often it was.
pub(super) struct Storm {
    scale: Scale,
    workers: RefCell<Workers>,
    proxy: Proxy,
    until: Instant,
    kills: Cell<u32>,
    stops: Cell<u32>,
    cuts: Cell<u32>,
    crashes: Cell<u32>,
}

impl Storm {
    pub(super) fn begin(proxy: Proxy, workers: Workers, scale: Scale) -> Self {
        let until = Instant::now() + scale.storm;
        let none = || Cell::new(0);
        Self {
            scale,
            workers: RefCell::new(workers),
            proxy,
            until,
            kills: none(),
            stops: none(),
            cuts: none(),
            crashes: none(),
        }
    }

    /// Lets everything fail until it is over.
    pub(super) async fn rage(&self, postgres: &mut OwnPostgres) {
        tokio::join!(self.kill(), self.stop_past_the_lease(), self.cut(), self.crash(postgres));
    }

    /// What there was.
    pub(super) fn told(&self) -> String {
        let scale = self.scale;
        let (kills, stops, cuts, crashes) = (self.kills.get(), self.stops.get(), self.cuts.get(), self.crashes.get());
        format!(
            "{kills} kills, {stops} stops past the lease, {cuts} times all connections cut, {crashes} crashes of the database and {:?} \
             without it, in {:?}, on {} workers",
            scale.away, scale.storm, scale.workers
        )
    }

    fn rages(&self) -> bool {
        Instant::now() < self.until
    }

    /// `kill -9`, one after the other but the one that is stopped.
    async fn kill(&self) {
        let mut next = STOPPED;
        while self.rages() {
            sleep(self.scale.kill_every).await;
            let others = self.workers.borrow().len() - 1;
            next = 1 + next % others;
            self.workers.borrow_mut().kill(next);
            tick(&self.kills);
        }
    }

    /// SIGSTOP until its lease is long over, then SIGCONT.
    async fn stop_past_the_lease(&self) {
        while self.rages() {
            self.workers.borrow().signal(STOPPED, "-STOP");
            sleep(self.scale.lease + Duration::from_secs(2)).await;
            self.workers.borrow().signal(STOPPED, "-CONT");
            tick(&self.stops);
            sleep(Duration::from_secs(2)).await;
        }
    }

    /// All connections break, with whatever was on its way in either direction.
    async fn cut(&self) {
        while self.rages() {
            sleep(Duration::from_millis(3_700)).await;
            self.proxy.cut();
            sleep(Duration::from_millis(200)).await;
            self.proxy.mend();
            tick(&self.cuts);
        }
    }

    /// The database crashes, and in the middle it is away for a while.
    async fn crash(&self, postgres: &mut OwnPostgres) {
        let pause = self.scale.storm / (self.scale.crashes + 2);
        for round in 0..=self.scale.crashes {
            sleep(pause).await;
            if round == self.scale.crashes / 2 {
                postgres.stop();
                sleep(self.scale.away).await;
            } else {
                postgres.crash();
                tick(&self.crashes);
            }
            postgres.start_again().await;
            self.proxy.lead_to(&postgres.url());
        }
    }
}

fn tick(count: &Cell<u32>) {
    count.set(count.get() + 1);
}
