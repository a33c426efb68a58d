/// Implements reading and writing for a struct of properties, from a table that names for each property its
/// identifier, its field, and the [`BlockReader`](super::wire::BlockReader) method that takes its value.
///
/// User Properties are a field of every such struct.
macro_rules! property_table {
    ($properties:ident { $($id:ident => $field:ident: $read:ident,)* }) => {
        impl $crate::properties::wire::Block for $properties {
            fn put<S: $crate::sink::Sink>(&self, sink: &mut S) {
                use $crate::properties::wire::{PropertyId, put, put_user};
                $(put(sink, PropertyId::$id, self.$field.as_ref());)*
                put_user(sink, &self.user_properties);
            }
        }

        impl $properties {
            /// Takes a block of these properties off a packet.
            pub(crate) fn read(
                packet: &mut $crate::reader::Reader,
            ) -> Result<Self, $crate::DecodeError> {
                use $crate::properties::wire::{BlockReader, PropertyId};
                let mut properties = Self::default();
                let Some(mut block) = BlockReader::open(packet)? else { return Ok(properties) };
                while let Some(id) = block.next()? {
                    match id {
                        $(PropertyId::$id => block.once(id, &mut properties.$field, BlockReader::$read)?,)*
                        PropertyId::UserProperty => block.user(id, &mut properties.user_properties)?,
                        _ => return Err(block.not_allowed(id)),
                    }
                }
                Ok(properties)
            }
        }
    };
}

pub(super) use property_table;
