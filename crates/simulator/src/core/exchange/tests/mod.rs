mod support;
mod trading;
