//! API keys: `/api_keys`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use kmi_kalshi::api::code::{Code, ErrorAnswer};
use kmi_kalshi::api::keys::{
    ApiKey, ApiKeys, CreateApiKey, CreatedApiKey, GenerateApiKey, GeneratedApiKey, KeyType as KeyWord, Scope,
};
use kmi_kalshi::sign::{GeneratedKey, KeyType, Verifier};

use crate::core::{Command, IdSpace, KeySpec, KeyState, Subaccount, UserId};
use crate::server::answer::{Answer, ApiError};
use crate::server::call::Call;
use crate::server::operation::{Answered, Operation};
use crate::server::scope::{self, Access};

/// Characters of a key's name.
const MAX_NAME: usize = 128;
/// Characters of a public key; RSA of 8,192 bits takes 1,500.
const MAX_PEM: usize = 4_096;
/// Keys of one user.
const MAX_KEYS: usize = 100;

pub(super) fn operations() -> Vec<Operation> {
    let write = |method, name, path, handler| Operation::write(method, name, path, Access::WRITE, handler);
    vec![
        Operation::private("GetApiKeys", "/api_keys", list),
        write(Method::POST, "CreateApiKey", "/api_keys", |call| {
            Box::pin(create(call))
        }),
        write(Method::POST, "GenerateApiKey", "/api_keys/generate", |call| {
            Box::pin(generate(call))
        }),
        write(Method::DELETE, "DeleteApiKey", "/api_keys/{api_key}", |call| {
            Box::pin(delete(call))
        }),
    ]
}

fn list(call: &Call) -> Answered {
    let user = call.caller().user();
    let own = call.caller().key().subaccount;
    let is_seen = |key: &&KeyState| own.is_none() || key.spec.subaccount == own;
    let api_keys = call.read(|view| view.exchange.keys_of(user).filter(is_seen).map(body).collect());
    Answer::ok(&ApiKeys {
        api_keys,
        api_key_region_expiration_ts: None,
    })
}

fn body(key: &KeyState) -> ApiKey {
    let spec = &key.spec;
    ApiKey {
        api_key_id: spec.key_id.clone(),
        name: spec.name.clone(),
        scopes: spec
            .scopes
            .iter()
            .map(|scope| Scope::from(scope.as_str()))
            .collect(),
        subaccount: spec.subaccount.map(Subaccount::number),
        fcm_subtrader_id: None,
    }
}

async fn create(call: Call) -> Answered {
    let body: CreateApiKey = call.json()?;
    call.caller().unlocked()?;
    if body.public_key.len() > MAX_PEM {
        return Err(ApiError::invalid_parameters("public_key: is too long"));
    }
    let verifier = Verifier::from_pem(&body.public_key)
        .map_err(|error| ApiError::invalid_parameters(format!("public_key: {error}")))?;
    let wanted = Wanted {
        name: body.name,
        scopes: body.scopes,
        subaccount: body.subaccount,
    };
    let api_key_id = register(&call, wanted, verifier.key_type(), body.public_key).await?;
    Answer::created(&CreatedApiKey {
        api_key_id,
        warning: None,
    })
}

async fn generate(call: Call) -> Answered {
    let body: GenerateApiKey = call.json()?;
    call.caller().unlocked()?;
    let key_type = match body.key_type {
        Some(KeyWord::Ed25519) => KeyType::Ed25519,
        _ => KeyType::Rsa,
    };
    let wanted = Wanted {
        name: body.name,
        scopes: body.scopes,
        subaccount: body.subaccount,
    };
    wanted.check(&call)?;
    let pair = make_pair(key_type).await?;
    let api_key_id = register(&call, wanted, key_type, pair.public_pem).await?;
    Answer::created(&GeneratedApiKey {
        api_key_id,
        key_type: Some(match key_type {
            KeyType::Rsa => KeyWord::Rsa,
            KeyType::Ed25519 => KeyWord::Ed25519,
        }),
        private_key: match key_type {
            KeyType::Rsa => pkcs1_pem(&pair.private_pem).unwrap_or(pair.private_pem),
            KeyType::Ed25519 => pair.private_pem,
        },
        warning: None,
    })
}

async fn delete(call: Call) -> Answered {
    call.caller().unlocked()?;
    let command = Command::RemoveKey {
        user: call.caller().user(),
        key_id: call.part("api_key").to_owned(),
    };
    call.submit(command).await?;
    Ok(Answer::bare(StatusCode::NO_CONTENT))
}

/// What a new key should be.
struct Wanted {
    name: String,
    scopes: Option<Vec<Scope>>,
    subaccount: Option<u8>,
}

impl Wanted {
    fn scopes(&self) -> Vec<Scope> {
        self.scopes
            .clone()
            .unwrap_or_else(|| vec![Scope::Read, Scope::Write])
    }

    fn check(&self, call: &Call) -> Result<(), ApiError> {
        if self.name.is_empty() || self.name.len() > MAX_NAME {
            return Err(ApiError::invalid_parameters(format!(
                "name: 1 to {MAX_NAME} characters"
            )));
        }
        if let Some(fault) = scope::fault(&self.scopes()) {
            return Err(ApiError::invalid_parameters(fault));
        }
        let user = call.caller().user();
        let (keys, subaccounts) = call.read(|view| {
            let subaccounts = view.exchange.user(user).map_or(0, |user| user.subaccounts);
            (view.exchange.keys_of(user).count(), subaccounts)
        });
        if keys >= MAX_KEYS {
            return Err(ApiError::invalid_parameters(format!(
                "no more than {MAX_KEYS} keys"
            )));
        }
        match self.subaccount {
            Some(number) if number >= subaccounts => {
                Err(ApiError::invalid_parameters("subaccount: is none of yours"))
            }
            _ => Ok(()),
        }
    }
}

async fn register(
    call: &Call,
    wanted: Wanted,
    key_type: KeyType,
    public_key_pem: String,
) -> Result<String, ApiError> {
    wanted.check(call)?;
    let user = call.caller().user();
    let key_id = id_of(call.engine().seed(), user, &public_key_pem);
    let spec = KeySpec {
        key_id: key_id.clone(),
        user,
        scopes: wanted
            .scopes()
            .iter()
            .map(|scope| scope.as_str().to_owned())
            .collect(),
        name: wanted.name,
        key_type,
        public_key_pem,
        subaccount: wanted.subaccount.and_then(Subaccount::new),
    };
    call.submit(Command::AddKey(spec)).await?;
    Ok(key_id)
}

/// Id of a user's key: the same key pair gets the same id, so that registering it twice is refused.
pub(in crate::server) fn id_of(seed: u64, user: UserId, public_key_pem: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&user.0.to_le_bytes());
    hasher.update(public_key_pem.as_bytes());
    let mut number = [0; 8];
    hasher.finalize_xof().fill(&mut number);
    IdSpace::Key.public(seed, u64::from_le_bytes(number)).to_string()
}

/// A key pair of chance; RSA takes so long that it is made beside the async threads.
pub(in crate::server) async fn make_pair(key_type: KeyType) -> Result<GeneratedKey, ApiError> {
    let made = match key_type {
        KeyType::Ed25519 => GeneratedKey::generate(key_type),
        KeyType::Rsa => tokio::task::spawn_blocking(move || GeneratedKey::generate(key_type))
            .await
            .map_err(|_| ErrorAnswer::of(&Code::InternalError))?,
    };
    made.map_err(|error| {
        tracing::error!(%error, "no key pair");
        ApiError::code(&Code::InternalError)
    })
}

/// The RSA key inside PKCS#8, as PEM of PKCS#1: how Kalshi hands generated RSA keys out.
fn pkcs1_pem(pkcs8_pem: &str) -> Option<String> {
    let base64: String = pkcs8_pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let der = STANDARD.decode(base64).ok()?;
    // PrivateKeyInfo: SEQUENCE { INTEGER version, SEQUENCE algorithm, OCTET STRING key }.
    let (_, info) = element(&der)?;
    let (rest, _version) = element(info)?;
    let (rest, _algorithm) = element(rest)?;
    let (_, key) = element(rest)?;
    let text = STANDARD.encode(key);
    let mut pem = String::from("-----BEGIN RSA PRIVATE KEY-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(std::str::from_utf8(line).ok()?);
        pem.push('\n');
    }
    pem.push_str("-----END RSA PRIVATE KEY-----\n");
    Some(pem)
}

/// Takes one DER element off: what follows it, and its content.
fn element(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = der.get(1..)?.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let length = digits
            .iter()
            .fold(0, |sum: usize, digit| sum << 8 | usize::from(*digit));
        (length, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((rest, content))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmi_kalshi::sign::Signer;

    #[test]
    fn a_generated_rsa_key_is_handed_out_as_pkcs1_and_still_signs() {
        let pair = GeneratedKey::generate(KeyType::Rsa).unwrap();
        let pem = pkcs1_pem(&pair.private_pem).unwrap();
        assert!(pem.starts_with("-----BEGIN RSA PRIVATE KEY-----\nMII"));
        let signature = Signer::from_pem("id", &pem)
            .unwrap()
            .sign_blocking(b"text")
            .unwrap();
        let verifier = Verifier::from_pem(&pair.public_pem).unwrap();
        assert_eq!(verifier.verify(b"text", &signature), Ok(()));
    }

    #[test]
    fn what_is_no_der_is_not_taken_apart() {
        for text in ["", "-----BEGIN X-----\nAAAA\n", "-----BEGIN X-----\nMIIE\n"] {
            assert_eq!(pkcs1_pem(text), None);
        }
    }
}
