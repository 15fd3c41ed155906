//! Rows as the bulk paths move them: flat lists of integers and texts, the same for both databases.

use crate::StorageError;

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Value {
    /// Absent.
    Null,
    /// Any integer column.
    Int(i64),
    /// Any text column.
    Text(Box<str>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.into())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Int(number)
    }
}

/// Width of a column in PostgreSQL's binary COPY format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// `SMALLINT`.
    Int2,
    /// `INTEGER`.
    Int4,
    /// `BIGINT`.
    Int8,
    /// `TEXT`.
    Text,
}

/// A type a column may have.
pub(crate) trait Cell: Sized {
    /// Its width.
    const WIDTH: Width;
    /// As a value.
    fn into_value(self) -> Value;
    /// From a value; `None` when it is of another kind.
    fn from_value(value: Value) -> Option<Self>;
}

macro_rules! integer_cell {
    ($($type:ty => $width:ident),*) => {$(
        impl Cell for $type {
            const WIDTH: Width = Width::$width;
            fn into_value(self) -> Value {
                Value::Int(i64::from(self))
            }
            fn from_value(value: Value) -> Option<$type> {
                match value {
                    Value::Int(number) => <$type>::try_from(number).ok(),
                    _ => None,
                }
            }
        }
    )*};
}
integer_cell!(i16 => Int2, i32 => Int4, i64 => Int8);

impl Cell for String {
    const WIDTH: Width = Width::Text;
    fn into_value(self) -> Value {
        Value::Text(self.into_boxed_str())
    }
    fn from_value(value: Value) -> Option<String> {
        match value {
            Value::Text(text) => Some(text.into()),
            _ => None,
        }
    }
}

impl<T: Cell> Cell for Option<T> {
    const WIDTH: Width = T::WIDTH;
    fn into_value(self) -> Value {
        self.map_or(Value::Null, Cell::into_value)
    }
    fn from_value(value: Value) -> Option<Option<T>> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

/// A table as the bulk paths see it.
#[derive(Debug)]
pub(crate) struct Table {
    /// Name.
    pub(crate) name: &'static str,
    /// Columns written, in order.
    pub(crate) columns: &'static [(&'static str, Width)],
    /// Columns that make a row unique.
    pub(crate) key: &'static [&'static str],
}

impl Table {
    /// `a, b, c`.
    pub(crate) fn column_list(&self) -> String {
        self.columns
            .iter()
            .map(|(name, _)| *name)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// `a = excluded.a, …` of every column outside the key.
    pub(crate) fn assignments(&self) -> String {
        self.columns
            .iter()
            .filter(|(name, _)| !self.key.contains(name))
            .map(|(name, _)| format!("{name} = excluded.{name}"))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// Rows of one width, end to end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    /// Values per row.
    pub(crate) width: usize,
    /// All values.
    pub(crate) values: Vec<Value>,
}

impl Rows {
    pub(crate) fn new(width: usize) -> Rows {
        Rows {
            width,
            values: Vec::new(),
        }
    }

    pub(crate) fn with_capacity(width: usize, rows: usize) -> Rows {
        Rows {
            width,
            values: Vec::with_capacity(width * rows),
        }
    }

    pub(crate) fn push(&mut self, row: impl IntoIterator<Item = Value>) {
        self.values.extend(row);
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Every row, its values handed over.
    pub(crate) fn into_rows(self) -> impl Iterator<Item = Fields> {
        let (width, count) = (self.width, self.len());
        let mut values = self.values.into_iter();
        (0..count).map(move |_| Fields {
            values: values.by_ref().take(width).collect::<Vec<_>>().into_iter(),
            table: "query",
        })
    }
}

/// Values of one row, taken from the left.
#[derive(Debug)]
pub(crate) struct Fields {
    values: std::vec::IntoIter<Value>,
    table: &'static str,
}

impl Fields {
    /// Next value as `T`.
    pub(crate) fn take<T: Cell>(&mut self) -> Result<T, StorageError> {
        let value = self.values.next();
        let shown = format!("{value:?}");
        value
            .and_then(T::from_value)
            .ok_or_else(|| damaged(self.table, format!("unexpected value {shown}")))
    }

    /// The next `width` values as a row; `None` when all are absent, as a left join leaves them.
    pub(crate) fn take_row<T>(
        &mut self,
        width: usize,
        read: fn(&mut Fields) -> Result<T, StorageError>,
    ) -> Result<Option<T>, StorageError> {
        let values: Vec<Value> = self.values.by_ref().take(width).collect();
        if values.iter().all(|value| *value == Value::Null) {
            return Ok(None);
        }
        let mut fields = Fields {
            values: values.into_iter(),
            table: self.table,
        };
        read(&mut fields).map(Some)
    }
}

/// A stored value that was never written by this program.
pub(crate) fn damaged(table: &str, reason: impl Into<String>) -> StorageError {
    StorageError::Damaged {
        what: format!("table {table}"),
        reason: reason.into(),
    }
}

/// Declares a table once: its SeaORM entity and its place in the bulk paths.
macro_rules! table {
    ($(#[$doc:meta])* $name:literal, key [$($key:literal),*], {
        $($(#[$attribute:meta])* $field:ident: $type:ty,)*
    }) => {
        #[allow(unused_imports, reason = "the derive names its helpers without their paths")]
        use sea_orm::entity::prelude::*;

        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, sea_orm::DeriveEntityModel)]
        #[sea_orm(table_name = $name)]
        pub struct Model {
            $($(#[$attribute])* pub $field: $type,)*
        }

        #[derive(Clone, Copy, Debug, sea_orm::EnumIter, sea_orm::DeriveRelation)]
        #[expect(missing_docs, reason = "no relation is declared: joins are written out in the queries")]
        pub enum Relation {}

        impl sea_orm::ActiveModelBehavior for ActiveModel {}

        impl Model {
            /// The table in the bulk paths.
            #[allow(dead_code, reason = "some tables are written through SeaORM alone")]
            pub(crate) const TABLE: crate::row::Table = crate::row::Table {
                name: $name,
                columns: &[$((stringify!($field), <$type as crate::row::Cell>::WIDTH)),*],
                key: &[$($key),*],
            };

            /// Values in the order of the columns.
            #[allow(dead_code, reason = "some tables are written through SeaORM alone")]
            pub(crate) fn into_values(self) -> impl Iterator<Item = crate::row::Value> {
                [$(crate::row::Cell::into_value(self.$field)),*].into_iter()
            }

            /// Row from values in the order of the columns.
            #[allow(dead_code, reason = "some tables are read through SeaORM alone")]
            pub(crate) fn from_fields(fields: &mut crate::row::Fields) -> Result<Model, crate::StorageError> {
                Ok(Model { $($field: fields.take()?,)* })
            }
        }
    };
}
pub(crate) use table;
