//! Trying a campaign's mail out on oneself. It goes out as a step's would, by the same account and charged to it; but nothing is ever tried
//! again, so that nothing need be kept of it beyond the audit log: who repeats the request under its `Idempotency-Key` is told what became of it.

use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::{
    RunService,
    channel::Trial,
    deliver::Delivery,
    party::{book_of, line_of},
};
use crate::{
    engine::{
        message::{Content, Facts, Unfit, compose},
        planner::seed,
        workflow::ConnectedChannel,
    },
    errors::{AppError, Result},
    models::{
        AccountId, AccountStatus, AuditEntry, Campaign, CampaignId, ConnectedAccount, Lead, LeadId, Usage,
        workflow::{Action, Node, NodeType, SendEmailConfig, Workflow},
    },
    repositories::{BaseRepository as _, OrgPerson, OrgTx},
    utils::ids::uuid_at,
};

/// What a subject begins with, so that nobody takes it for the real one.
const MARK: &str = "[Test] ";

/// A step to be tried out.
#[derive(Debug)]
pub struct NewTrial {
    /// Which step of the campaign.
    pub node: String,
    /// Whose data it is written with.
    pub lead: LeadId,
    /// Which of the campaign's accounts sends it; the first that can if none is said.
    pub account: Option<AccountId>,
}

/// What became of a trial.
#[derive(Debug)]
pub struct TrialOutcome {
    /// Which step it was.
    pub node: String,
    /// Who sent it.
    pub account: AccountId,
    /// To which address.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// `sent`, `not_sent` or `unknown`.
    pub outcome: &'static str,
    /// Why, if it was not sent.
    pub reason: Option<&'static str>,
}

impl RunService {
    /// Sends a mail of a campaign, with a lead's data, to the caller's own address, marked as a test.
    ///
    /// # Errors
    /// `campaign_not_found`, `lead_not_found`, `campaign_incomplete`; a fault of `/node_id`, `/lead_id` or `/account_id`; `no_address`,
    /// `recipient_suppressed`, `account_not_connected`, `account_rests`, `limit_reached`.
    pub async fn try_out(&self, person: &OrgPerson, id: CampaignId, new: NewTrial) -> Result<TrialOutcome> {
        let begun_at = self.context.campaign_clock.monotonic();
        let (node, trial) = self.prepare_trial(person, id, &new).await?;
        let line = self.charge_trial(person, id, &node, &trial).await?;
        let delivery = self.send_trial(&trial, begun_at).await;
        let (outcome, reason) = told(&delivery);
        self.again(|| self.settle_trial(person, id, (&node, &trial), (&delivery, line))).await?;
        let Trial { account, recipient, content, .. } = trial;
        let subject = content.subject.unwrap_or_default();
        Ok(TrialOutcome { node, account: account.id, recipient, subject, outcome, reason })
    }

    async fn prepare_trial(&self, person: &OrgPerson, id: CampaignId, new: &NewTrial) -> Result<(String, Trial)> {
        let mut conn = self.context.db.read(person).await?;
        let campaign = conn.campaigns().get(id).await?;
        let order = conn.campaigns().outline(id).await?.account_ids();
        let mut accounts = conn.accounts().find_many(&order).await?;
        let lead = conn.leads().get(new.lead).await?;
        let caller = conn.members().get(person.member_id()).await?;
        conn.give_back();
        accounts.sort_by_key(|account| order.iter().position(|id| *id == account.id));
        let workflow = workflow(&campaign)?;
        let node = mail_step(workflow, &new.node)?;
        let account = sender(accounts, new.account)?;
        let recipient = caller.email.ok_or_else(|| {
            AppError::conflict("no_address", "Your user has no e-mail address that this could be sent to.")
        })?;
        let content = written(workflow, node, &lead, &account)?;
        let at = self.context.campaign_clock.now();
        let name = [caller.first_name, caller.last_name].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let recipient_name = Some(name).filter(|name| !name.is_empty());
        Ok((node.id.clone(), Trial { id: uuid_at(at), account, lead, recipient, recipient_name, content, at }))
    }

    /// Charges the account as for any other mail. With this commit the `Idempotency-Key` is used up: under it nothing is sent again.
    async fn charge_trial(&self, person: &OrgPerson, id: CampaignId, node: &str, trial: &Trial) -> Result<Usage> {
        let mut tx = self.context.db.begin(person, self.context.campaign_clock.now()).await?;
        let keys = self.context.suppression_keys.of_person(tx.organization_id(), Some(&trial.recipient), None);
        if tx.suppressions().matching(&keys).await?.kind(&keys).is_some() {
            let detail = "Your own address is suppressed: nobody may write to it until the suppression is lifted.";
            return Err(AppError::conflict("recipient_suppressed", detail));
        }
        let account = tx.accounts().lock_many(&[trial.account.id]).await?.pop();
        let account = account.ok_or_else(|| AppError::not_found("connected account"))?;
        let line = line(&mut tx, &account).await?;
        let now = tx.now();
        tx.usage().charge(&[line]).await?;
        tx.accounts().act(&[account.id], now).await?;
        let after = json!({ "node_id": node, "lead_id": trial.lead.id, "account_id": account.id });
        tx.audit(AuditEntry::new("campaign.test_send_begun", "campaign", id.0).change(None, after));
        tx.commit().await?;
        Ok(line)
    }

    async fn send_trial(&self, trial: &Trial, begun_at: Duration) -> Delivery {
        let clock = &self.context.campaign_clock;
        let may_begin = || self.lease().outlasts_a_send(clock.monotonic().saturating_sub(begun_at));
        let sending = self.channels.of(&trial.account).try_out(trial, &may_begin);
        tokio::time::timeout(self.lease().timeout(), sending).await.unwrap_or(Delivery::Unknown)
    }

    /// Writes down what became of it. Only what was surely not sent is given back.
    async fn settle_trial(
        &self,
        person: &OrgPerson,
        id: CampaignId,
        (node, trial): (&str, &Trial),
        (delivery, line): (&Delivery, Usage),
    ) -> Result<()> {
        let mut tx = self.context.db.begin(person, self.context.campaign_clock.now()).await?;
        let (outcome, reason) = told(delivery);
        if outcome == "not_sent" {
            tx.usage().give_back(&[line]).await?;
        }
        let now = tx.now();
        match delivery {
            Delivery::NotSent { rest: Some(rest), reason, .. } => {
                tx.accounts().rest(trial.account.id, now + *rest, reason).await?;
            }
            Delivery::AccountOut => {
                let why = "The provider wants the account to sign in again.";
                tx.accounts().shut_out((trial.account.id, trial.account.version), why, now).await?;
            }
            _ => {}
        }
        let after = json!({ "node_id": node, "account_id": trial.account.id, "outcome": outcome, "reason": reason });
        tx.audit(AuditEntry::new("campaign.test_sent", "campaign", id.0).change(None, after));
        tx.commit().await
    }
}

fn told(delivery: &Delivery) -> (&'static str, Option<&'static str>) {
    match delivery {
        Delivery::Sent { .. } => ("sent", None),
        Delivery::NotSent { reason, .. } | Delivery::Refused { reason, .. } => ("not_sent", Some(reason)),
        Delivery::NoRecipient => ("not_sent", Some("no_such_recipient")),
        Delivery::AccountOut => ("not_sent", Some("account_needs_reconnect")),
        Delivery::Unknown => ("unknown", Some("outcome_unknown")),
        Delivery::Other(outcome) if outcome.was_not_done() => ("not_sent", Some(outcome.why())),
        Delivery::Other(outcome) => ("unknown", Some(outcome.why())),
    }
}

fn workflow(campaign: &Campaign) -> Result<&Workflow> {
    campaign.workflow.as_deref().ok_or_else(|| {
        AppError::conflict("campaign_incomplete", "The campaign has no workflow yet, so there is nothing to try out.")
    })
}

fn mail_step<'w>(workflow: &'w Workflow, id: &str) -> Result<&'w Node> {
    let node = workflow.nodes.iter().find(|node| node.id == id);
    let node = node.ok_or_else(|| AppError::fault("/node_id", "unknown_node", "The workflow has no such step."))?;
    if node.node_type() == NodeType::SendEmail {
        return Ok(node);
    }
    let detail = "Only mails can be tried out: what LinkedIn carries cannot be sent to oneself.";
    Err(AppError::fault("/node_id", "not_a_mail", detail))
}

/// Who sends: the account that is named, or else the campaign's first that can.
fn sender(accounts: Vec<ConnectedAccount>, named: Option<AccountId>) -> Result<ConnectedAccount> {
    let mut able = accounts.into_iter().filter(|account| ConnectedChannel::of(account).can(NodeType::SendEmail));
    match named {
        Some(named) => able.find(|account| account.id == named).ok_or_else(|| {
            AppError::fault("/account_id", "not_in_campaign", "This is none of the campaign's mailboxes.")
        }),
        None => able
            .find(|account| account.status == AccountStatus::Connected)
            .ok_or_else(|| AppError::conflict("no_account", "None of the campaign's mailboxes is connected.")),
    }
}

/// The mail that the lead would get, marked as a test. One that answers another has that one's subject.
fn written(workflow: &Workflow, node: &Node, lead: &Lead, account: &ConnectedAccount) -> Result<Content> {
    let facts = Facts::of(lead, Some(account));
    let composed = |node: &Node| compose(&node.action, &facts, seed(lead.id, &node.id), usize::MAX);
    let unfit = |unfit: Unfit| AppError::fault("/lead_id", unfit.code(), unfit.detail());
    let content = composed(node).map_err(unfit)?;
    let content = content.ok_or_else(|| AppError::internal("a mail says nothing"))?;
    let subject = match &content.subject {
        Some(subject) => subject.clone(),
        None => match first_of_thread(workflow, node).map(composed).transpose().map_err(unfit)?.flatten() {
            Some(first) => format!("Re: {}", first.subject.unwrap_or_default()),
            None => "Re:".to_owned(),
        },
    };
    Ok(Content { subject: Some(format!("{MARK}{subject}")), ..content })
}

/// The mail that a mail answers in the end: the next before it that has a subject of its own.
fn first_of_thread<'w>(workflow: &'w Workflow, node: &Node) -> Option<&'w Node> {
    let (mut found, mut seen) = (vec![node.id.as_str()], 0);
    while seen < found.len() {
        let target = *found.get(seen)?;
        seen += 1;
        for edge in workflow.edges.iter().filter(|edge| edge.target == target) {
            let before = workflow.nodes.iter().find(|node| node.id == edge.source)?;
            if matches!(&before.action, Action::SendEmail(SendEmailConfig { thread: false, .. })) {
                return Some(before);
            }
            if !found.contains(&before.id.as_str()) {
                found.push(&before.id);
            }
        }
    }
    None
}

/// What a mail from `account` is charged as now, if it may send one.
async fn line(tx: &mut OrgTx, account: &ConnectedAccount) -> Result<Usage> {
    if account.status != AccountStatus::Connected {
        let detail = "The account is not connected, so nothing can be sent from it.";
        return Err(AppError::conflict("account_not_connected", detail).with_member("state", account.status.as_str()));
    }
    let now = tx.now();
    if account.rests_until.is_some_and(|until| until > now) {
        return Err(AppError::conflict("account_rests", "The account's provider wants it to be left alone for now."));
    }
    let book = book_of(tx, account).await?;
    if book.left_now(NodeType::SendEmail, now) == 0 {
        let detail = "The account has sent as much as its limits allow for now. A test counts like any other mail.";
        return Err(AppError::conflict("limit_reached", detail));
    }
    Ok(line_of(&book, NodeType::SendEmail, now))
}

/// By what a trial is known at the provider: like nothing else.
pub(super) fn natural_key(id: Uuid) -> String {
    format!("test/{id}")
}
