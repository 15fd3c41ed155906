//! Users, keys and subaccounts.

use kmi_domain::Money;

use super::super::account::{AccountState, KeyState, UserState};
use super::super::command::{Command, KeySpec, Outcome, Reply};
use super::super::event::Event;
use super::super::ids::{Account, Shard, Subaccount, UserId};
use super::super::refusal::Refusal;
use super::Exchange;

/// Users an exchange may have: their accounts are numbered in 32 bits, 64 to a user.
const MAX_USERS: u32 = u32::MAX / Subaccount::COUNT as u32;

impl Exchange {
    pub(super) fn change_user(&mut self, command: &Command, out: &mut Vec<Event>) -> Outcome {
        match command {
            Command::OpenUser { name, is_house } => self.open_user(name, *is_house, out),
            Command::AddKey(spec) => self.add_key(spec),
            Command::RemoveKey { user, key_id } => self.remove_key(*user, key_id),
            Command::CreateSubaccount { user } => self.create_subaccount(*user),
            _ => unreachable!("apply sends changes of users only"),
        }
    }

    fn open_user(&mut self, name: &str, is_house: bool, out: &mut Vec<Event>) -> Outcome {
        if self.user_ids.contains_key(name) {
            return Err(Refusal::exists("user", name));
        }
        let number = u32::try_from(self.users.len())
            .ok()
            .filter(|number| *number < MAX_USERS);
        let id = UserId(number.ok_or_else(|| Refusal::TooMany {
            what: "users".to_owned(),
            limit: u64::from(MAX_USERS),
        })?);
        self.users
            .push(UserState::new(id, name.to_owned(), is_house, self.now));
        self.user_ids.insert(name.to_owned(), id);
        self.accounts
            .insert(Account::primary(id), AccountState::new(is_house));
        out.push(Event::UserOpened(id));
        let opening = self.rules.opening_balance.floor_to(Money::CENTICENT);
        if !is_house && opening.is_positive() {
            self.deposit(Account::primary(id), Shard::MAIN, opening, out)?;
        }
        Ok(Reply::User(id))
    }

    fn add_key(&mut self, spec: &KeySpec) -> Outcome {
        let user = self.find_user(spec.user)?;
        if let Some(subaccount) = spec.subaccount
            && subaccount.number() >= user.subaccounts
        {
            return Err(Refusal::unknown("subaccount", subaccount.number()));
        }
        if self.keys.contains_key(&spec.key_id) {
            return Err(Refusal::exists("key", &spec.key_id));
        }
        let key = KeyState {
            spec: spec.clone(),
            created: self.now,
        };
        self.keys.insert(spec.key_id.clone(), key);
        Ok(Reply::Done)
    }

    fn remove_key(&mut self, user: UserId, key_id: &str) -> Outcome {
        match self.keys.get(key_id) {
            Some(key) if key.spec.user == user => {
                self.keys.remove(key_id);
                Ok(Reply::Done)
            }
            _ => Err(Refusal::unknown("key", key_id)),
        }
    }

    fn create_subaccount(&mut self, user: UserId) -> Outcome {
        self.check_exchange()?;
        let state = self.find_user(user)?;
        let is_house = state.is_house;
        let subaccount = Subaccount::new(state.subaccounts).ok_or_else(|| Refusal::TooMany {
            what: "subaccounts".to_owned(),
            limit: u64::from(Subaccount::COUNT),
        })?;
        self.user_mut(user).subaccounts += 1;
        self.accounts
            .insert(Account { user, subaccount }, AccountState::new(is_house));
        Ok(Reply::Subaccount(subaccount))
    }
}
