//! The browser's list of parts, of which each is kept while its key stays.

use leptos::{
    prelude::*,
    tachys::{
        html::attribute::{Attribute, any_attribute::AnyAttribute},
        hydration::Cursor,
        reactive_graph::{OwnedView, OwnedViewState},
        renderer::{
            Rndr,
            types::{Element, Node, Placeholder},
        },
        view::{Mountable, Position, PositionState},
    },
};

use super::{Part, browser::PartState};

/// The parts of a list, as they are to be.
pub(super) struct List(pub(super) Vec<Row>);

/// A part of a list.
pub(super) enum Row {
    /// One that was there before, by its place then.
    Kept(usize),
    /// A new one.
    Made(OwnedView<Part>),
}

/// The parts of a list, as they are.
pub struct ListState {
    rows: Vec<OwnedViewState<PartState>>,
    /// The end of the list.
    marker: Placeholder,
}

impl Row {
    /// Makes a part with an owner of its own for its signals and effects.
    pub(super) fn made(parent: &Owner, make: &mut dyn FnMut() -> Part) -> Self {
        let owner = parent.with(Owner::new);
        let part = owner.with(make);
        Self::Made(OwnedView::new_with_owner(part, owner))
    }

    /// Returns the new part. A list begins with new ones only.
    fn into_new(self) -> Option<OwnedView<Part>> {
        match self {
            Self::Kept(_) => None,
            Self::Made(part) => Some(part),
        }
    }
}

impl ListState {
    /// Brings the rows into their order, of which each was at one of `places` before, or nowhere. It begins with the
    /// last and moves only rows out of place, because moving takes the focus away.
    fn arrange(&mut self, places: &[Option<usize>]) {
        let mut next_place = usize::MAX;
        for (at, place) in places.iter().enumerate().rev() {
            match place {
                Some(place) if *place < next_place => next_place = *place,
                _ => {
                    let (rows, following) = self.rows.split_at_mut(at + 1);
                    match following.first() {
                        Some(next) => next.insert_before_this(&mut rows[at]),
                        None => self.marker.insert_before_this(&mut rows[at]),
                    };
                }
            }
        }
    }
}

impl Render for List {
    type State = ListState;

    fn build(self) -> ListState {
        let rows = self.0.into_iter().filter_map(Row::into_new).map(Render::build).collect();
        ListState { rows, marker: Rndr::create_placeholder() }
    }

    fn rebuild(self, state: &mut ListState) {
        let mut old: Vec<_> = state.rows.drain(..).map(Some).collect();
        let mut places = Vec::with_capacity(self.0.len());
        for row in self.0 {
            let (row, place) = match row {
                Row::Kept(place) => (old[place].take(), Some(place)),
                Row::Made(part) => (Some(part.build()), None),
            };
            state.rows.extend(row);
            places.push(place);
        }
        for mut gone in old.into_iter().flatten() {
            gone.unmount();
        }
        state.arrange(&places);
    }
}

impl AddAnyAttr for List {
    type Output<SomeNewAttr: Attribute> = Self;

    fn add_any_attr<NewAttr: Attribute>(self, _: NewAttr) -> Self
    where
        Self: RenderHtml,
    {
        unreachable!("a list takes no attributes from outside")
    }
}

impl RenderHtml for List {
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

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> ListState {
        let rows = self.0.into_iter().filter_map(Row::into_new);
        let rows = rows.map(|row| row.hydrate::<FROM_SERVER>(cursor, position)).collect();
        let marker = cursor.next_placeholder(position);
        position.set(Position::NextChild);
        ListState { rows, marker }
    }

    fn into_owned(self) -> Self {
        self
    }
}

impl Mountable for ListState {
    fn unmount(&mut self) {
        self.rows.iter_mut().for_each(Mountable::unmount);
        self.marker.unmount();
    }

    fn mount(&mut self, parent: &Element, marker: Option<&Node>) {
        self.rows.iter_mut().for_each(|row| row.mount(parent, marker));
        self.marker.mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        match self.rows.first() {
            Some(row) => row.insert_before_this(child),
            None => self.marker.insert_before_this(child),
        }
    }

    fn elements(&self) -> Vec<Element> {
        Vec::new()
    }
}
