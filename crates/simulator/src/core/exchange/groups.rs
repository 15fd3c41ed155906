//! Order groups: whose they are; the rest is the matching engine's.

use kmi_domain::matching::{GroupError, GroupId, MAX_GROUP_LIMIT, MAX_GROUPS_PER_ACCOUNT};

use super::super::command::{Command, NewGroup, Outcome, Reply};
use super::super::event::Event;
use super::super::ids::UserId;
use super::super::refusal::Refusal;
use super::{Exchange, GroupOwner};

impl Exchange {
    pub(super) fn change_group(&mut self, command: &Command, out: &mut Vec<Event>) -> Outcome {
        self.check_exchange()?;
        let now = self.now;
        let mut said = std::mem::take(&mut self.said);
        let done = match *command {
            Command::CreateGroup(new) => {
                self.said = said;
                return self.create_group(new, out);
            }
            Command::TriggerGroup { user, group } => self
                .check_group(user, group)
                .and_then(|()| self.engine.trigger_group(now, group, &mut said).map_err(refusal)),
            Command::ResetGroup { user, group } => self
                .check_group(user, group)
                .and_then(|()| self.engine.reset_group(group, &mut said).map_err(refusal)),
            Command::LimitGroup { user, group, limit } => self.check_group(user, group).and_then(|()| {
                self.engine
                    .set_group_limit(now, group, limit, &mut said)
                    .map_err(refusal)
            }),
            Command::DeleteGroup { user, group } => self
                .check_group(user, group)
                .and_then(|()| self.engine.delete_group(now, group, &mut said).map_err(refusal)),
            _ => unreachable!("apply sends changes of groups only"),
        };
        self.said = said;
        self.digest(out);
        done.map(|()| Reply::Done)
    }

    fn create_group(&mut self, new: NewGroup, out: &mut Vec<Event>) -> Outcome {
        self.find_account(new.account)?;
        let group = GroupId(self.next.group);
        let mut said = std::mem::take(&mut self.said);
        let created = self
            .engine
            .create_group(group, new.account.matching(), new.limit, &mut said);
        self.said = said;
        created.map_err(refusal)?;
        self.next.group += 1;
        let owner = GroupOwner {
            account: new.account,
            shard: new.shard,
            created: self.now,
        };
        self.groups.insert(group, owner);
        self.digest(out);
        Ok(Reply::Group(group))
    }

    fn check_group(&self, user: UserId, group: GroupId) -> Result<(), Refusal> {
        match self.groups.get(&group) {
            Some(owner) if owner.account.user == user => Ok(()),
            _ => Err(Refusal::unknown("order group", group.0)),
        }
    }
}

pub(super) fn refusal(error: GroupError) -> Refusal {
    match error {
        GroupError::Unknown { group } | GroupError::NotOwned { group, .. } => {
            Refusal::unknown("order group", group.0)
        }
        GroupError::Duplicate { group } => Refusal::exists("order group", group.0),
        GroupError::Triggered { group } => Refusal::GroupTriggered(group),
        GroupError::TooMany { .. } => Refusal::TooMany {
            what: "order groups".to_owned(),
            limit: MAX_GROUPS_PER_ACCOUNT as u64,
        },
        GroupError::InvalidLimit { .. } => {
            Refusal::invalid("contracts_limit", &format!("must be 1 to {MAX_GROUP_LIMIT}"))
        }
    }
}
