//! Views without their types. A view is a type of all that is in it, and the browser's part has the code of each type
//! for every way in which it may come into the page. A part has only the code for the way in which it comes.

#[cfg(not(feature = "ssr"))]
mod list;
mod rows;

use leptos::prelude::*;

pub use self::rows::{for_each, shown_while};

/// The type that components return.
#[cfg(feature = "ssr")]
pub type Part = AnyView;
#[cfg(not(feature = "ssr"))]
pub use browser::Part;

/// Turns a view into a [`Part`].
pub trait IntoPart: RenderHtml + 'static {
    /// A view that the server renders and that stays as long as the page.
    fn still(self) -> Part;
    /// A view that the server never renders, because it depends on what comes by the socket.
    fn fresh(self) -> Part;
    /// A view that may be either.
    fn part(self) -> Part;
}

#[cfg(feature = "ssr")]
impl<V: RenderHtml + 'static> IntoPart for V {
    fn still(self) -> Part {
        self.into_any()
    }

    fn fresh(self) -> Part {
        self.into_any()
    }

    fn part(self) -> Part {
        self.into_any()
    }
}

#[cfg(not(feature = "ssr"))]
mod browser {
    use std::mem;

    use leptos::{
        prelude::*,
        tachys::{
            html::attribute::{Attribute, any_attribute::AnyAttribute},
            hydration::Cursor,
            renderer::types::{Element, Node},
            view::{Mountable, Position, PositionState},
        },
    };

    use super::IntoPart;

    /// The way of a view into the page.
    enum Way<'a> {
        /// It takes over what the server has rendered.
        Found(&'a Cursor, &'a PositionState),
        /// It makes elements.
        Made,
    }

    /// The elements and effects of a view, with the part of [`Mountable`] that parts use.
    trait Shown {
        fn take_away(&mut self);
        fn put(&mut self, parent: &Element, marker: Option<&Node>);
        fn put_before(&self, child: &mut dyn Mountable) -> bool;
    }

    impl<M: Mountable> Shown for M {
        fn take_away(&mut self) {
            self.unmount();
        }

        fn put(&mut self, parent: &Element, marker: Option<&Node>) {
            self.mount(parent, marker);
        }

        fn put_before(&self, child: &mut dyn Mountable) -> bool {
            self.insert_before_this(child)
        }
    }

    /// Brings a view into the page, once.
    type Bring = dyn FnOnce(Way<'_>) -> Box<dyn Shown> + Send;

    /// A view without its type.
    pub struct Part(Box<Bring>);

    /// The elements and effects of a part.
    pub struct PartState(Box<dyn Shown>);

    /// A view that stays.
    struct Kept;

    /// Takes over what the server has rendered. The server's part of a view without elements has a mark of its own.
    fn found<V: RenderHtml>(view: V, cursor: &Cursor, position: &PositionState) -> V::State {
        let state = view.hydrate::<true>(cursor, position);
        if !V::EXISTS {
            cursor.next_placeholder(position);
        }
        state
    }

    impl<V: RenderHtml + 'static> IntoPart for V {
        fn still(self) -> Part {
            Part(Box::new(move |way| match way {
                Way::Found(cursor, position) => {
                    // It stays as long as the page, and the code that would drop it is long.
                    mem::forget(found(self, cursor, position));
                    Box::new(Kept)
                }
                Way::Made => unreachable!("a part that the server renders was made anew"),
            }))
        }

        fn fresh(self) -> Part {
            Part(Box::new(move |_| Box::new(self.build())))
        }

        fn part(self) -> Part {
            Part(Box::new(move |way| match way {
                Way::Found(cursor, position) => Box::new(found(self, cursor, position)),
                Way::Made => Box::new(self.build()),
            }))
        }
    }

    impl Render for Part {
        type State = PartState;

        fn build(self) -> PartState {
            PartState((self.0)(Way::Made))
        }

        fn rebuild(self, state: &mut PartState) {
            let mut new = self.build();
            state.insert_before_this(&mut new);
            state.unmount();
            *state = new;
        }
    }

    impl AddAnyAttr for Part {
        type Output<SomeNewAttr: Attribute> = Self;

        fn add_any_attr<NewAttr: Attribute>(self, _: NewAttr) -> Self
        where
            Self: RenderHtml,
        {
            unreachable!("a part takes no attributes from outside")
        }
    }

    impl RenderHtml for Part {
        type AsyncOutput = Self;
        type Owned = Self;

        const MIN_LENGTH: usize = 0;

        fn dry_resolve(&mut self) {}

        async fn resolve(self) -> Self {
            self
        }

        fn to_html_with_buf(self, _: &mut String, _: &mut Position, _: bool, _: bool, _: Vec<AnyAttribute>) {
            unreachable!("only the server writes HTML")
        }

        fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> PartState {
            PartState((self.0)(Way::Found(cursor, position)))
        }

        fn into_owned(self) -> Self {
            self
        }
    }

    impl Mountable for PartState {
        fn unmount(&mut self) {
            self.0.take_away();
        }

        fn mount(&mut self, parent: &Element, marker: Option<&Node>) {
            self.0.put(parent, marker);
        }

        fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
            self.0.put_before(child)
        }

        /// Only attributes from outside need them, which a part does not take.
        fn elements(&self) -> Vec<Element> {
            Vec::new()
        }
    }

    impl Shown for Kept {
        fn take_away(&mut self) {}

        fn put(&mut self, _: &Element, _: Option<&Node>) {}

        fn put_before(&self, _: &mut dyn Mountable) -> bool {
            false
        }
    }
}
