//! For whom the words of a workflow cannot be written, told of many leads at a time.

use std::collections::HashMap;

use super::{Facts, Unfit, compose, facts::Held, needs::Needs};
use crate::{
    engine::{planner::seed, workflow::ConnectedChannel},
    models::{
        AccountId, ConnectedAccount, Lead, LeadId,
        workflow::{Node, Workflow},
    },
};

/// The words of a workflow, and to whom and by whom they are written. Nobody is known of whom nothing was said: then all can be written.
#[derive(Debug, Default)]
pub struct Words {
    leads: HashMap<LeadId, Lead>,
    senders: HashMap<AccountId, ConnectedAccount>,
    /// What each node asks for; none if it must be tried.
    needs: HashMap<String, Option<Needs>>,
    /// What they ask for, by name.
    paths: Vec<String>,
    /// What leads have of it.
    of_leads: HashMap<LeadId, Vec<Held>>,
    /// What senders have of it.
    of_senders: HashMap<AccountId, Vec<Held>>,
}

impl Words {
    /// The words of `workflow` for these leads from these accounts.
    #[must_use]
    pub fn new(
        workflow: &Workflow,
        leads: HashMap<LeadId, Lead>,
        senders: HashMap<AccountId, ConnectedAccount>,
    ) -> Self {
        let mut paths = Vec::new();
        let needs = workflow.nodes.iter().map(|node| (node.id.clone(), Needs::of(&node.action, &mut paths))).collect();
        Self { leads, senders, needs, paths, of_leads: HashMap::new(), of_senders: HashMap::new() }
    }

    /// Why `node` cannot be written to `lead` from `account`, if it cannot: what [`compose`] says of it.
    pub fn unfit(&mut self, node: &Node, lead: LeadId, account: AccountId) -> Option<Unfit> {
        let (needs, person, sender) = (self.needs.get(&node.id)?, self.leads.get(&lead)?, self.senders.get(&account)?);
        let note_limit = ConnectedChannel::of(sender).note_limit;
        if let Some(needs) = needs {
            let facts = || Facts::of(person, Some(sender));
            let of_lead = self.of_leads.entry(lead).or_insert_with(|| all(&self.paths, &facts()));
            let of_sender = self.of_senders.entry(account).or_insert_with(|| all(&self.paths, &facts()));
            let held = |place: usize| {
                let is_senders = self.paths.get(place).is_some_and(|path| path.starts_with("sender."));
                let of = if is_senders { &*of_sender } else { &*of_lead };
                of.get(place).copied().unwrap_or(Held::Nothing)
            };
            if needs.are_met(held, note_limit) {
                return None;
            }
        }
        compose(&node.action, &Facts::of(person, Some(sender)), seed(lead, &node.id), note_limit).err()
    }
}

fn all(paths: &[String], facts: &Facts) -> Vec<Held> {
    paths.iter().map(|path| facts.held(path)).collect()
}
