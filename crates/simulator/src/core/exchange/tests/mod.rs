mod groups;
mod life;
mod money;
mod netting;
mod replay;
mod support;
mod trading;
