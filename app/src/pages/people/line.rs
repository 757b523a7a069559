//! The houses of a line, who lives there, and the forms for each of them.

use backend::people::complex::{OfHouse, OfLine, Person};
use domain::{Line, Role, statistics::Zone};
use leptos::prelude::*;
use leptos_router::location::Url;

use super::{act, address_of, hidden, notice::notice, shown::View};
use crate::{
    calendar,
    i18n::{Locale, td_string},
    page_table::{DRILLS, PEOPLE, PEOPLE_CARDS},
    words,
};

/// The page of a line.
pub(super) fn line(locale: Locale, of_line: &OfLine, view: &View, zone: &dyn Zone) -> AnyView {
    let name = of_line.line.as_str();
    let back = address_of(name);
    let missing = of_line.without_account().count();
    let houses = of_line.houses.iter().map(|of_house| house(locale, of_line, of_house, &back, zone));
    let houses: Vec<AnyView> = houses.collect();
    let neighbours: Vec<String> = of_line.neighbours.iter().map(|line| words::line(locale, line)).collect();
    let neighbours = (!neighbours.is_empty()).then(|| neighbours.join(", "));
    let none = || td_string!(locale, people.no_neighbours).to_owned();
    view! {
        <main id="main" class="people" data-testid="line">
            <p><a href=PEOPLE.path rel="external">{td_string!(locale, people.all_lines)}</a></p>
            <h1>{words::line(locale, &of_line.line)}</h1>
            {notice(locale, view)}
            <p class="summary">
                {td_string!(locale, people.building)} " " {of_line.building.clone()} " · "
                {td_string!(locale, people.neighbours)} ": " {neighbours.unwrap_or_else(none)}
            </p>
            {(missing > 0).then(|| view! {
                <form class="buttons" method="post" action=PEOPLE_CARDS.path>
                    {hidden("line", name)} {hidden("back", &back)}
                    <button class="primary" type="submit" data-testid="invite-line">
                        {td_string!(locale, people.invite_missing, count = missing)}
                    </button>
                </form>
            })}
            <ul class="houses">{houses}</ul>
            {of_all(locale, of_line, &back)}
        </main>
    }
    .into_any()
}

/// The actions for the whole line, which are a drill, its neighbours and its removal.
fn of_all(locale: Locale, of_line: &OfLine, back: &str) -> AnyView {
    let name = of_line.line.as_str();
    let neighbours: Vec<&str> = of_line.neighbours.iter().map(Line::as_str).collect();
    let drill = format!("{}?line={}", DRILLS.path, Url::escape(name));
    view! {
        <p><a href=drill rel="external" data-testid="drill">{td_string!(locale, drills.of_line)}</a></p>
        <details class="act">
            <summary>{td_string!(locale, people.change_neighbours)}</summary>
            <form class="filters" method="post" action="/api/lines/neighbours">
                {hidden("line", name)} {hidden("back", back)}
                <label>
                    <span>{td_string!(locale, people.neighbours_hint)}</span>
                    <input name="neighbours" type="text" value=neighbours.join("; ") />
                </label>
                <button type="submit">{td_string!(locale, people.save)}</button>
            </form>
        </details>
        <details class="act">
            <summary>{td_string!(locale, people.remove_line)}</summary>
            <form class="stack" method="post" action="/api/lines/remove">
                <p>{td_string!(locale, people.remove_line_means)}</p>
                {hidden("line", name)} {hidden("back", back)}
                <button type="submit" data-testid="remove-line">{td_string!(locale, people.remove)}</button>
            </form>
        </details>
    }
    .into_any()
}

fn house(locale: Locale, of_line: &OfLine, of_house: &OfHouse, back: &str, zone: &dyn Zone) -> AnyView {
    let (line, house) = (of_line.line.as_str(), of_house.house.as_str());
    let persons = of_house.residents.iter().map(|one| person(locale, one, back, zone));
    let persons: Vec<AnyView> = persons.collect();
    let is_empty = persons.is_empty();
    let invitations = of_house.invitations;
    view! {
        <li class="house" data-testid="house" data-house=house.to_owned()>
            <h2>{words::house(locale, &of_house.house)}</h2>
            {is_empty.then(|| view! { <p class="summary">{td_string!(locale, people.nobody)}</p> })}
            {(invitations > 0).then(|| view! {
                <p class="summary">{td_string!(locale, people.invited, count = invitations)}</p>
            })}
            <ul class="persons">{persons}</ul>
            <div class="acts">
                <form method="post" action=PEOPLE_CARDS.path>
                    {hidden("line", line)} {hidden("house", house)} {hidden("back", back)}
                    <button class="quiet-button" type="submit" data-testid="invite">
                        {td_string!(locale, people.invite)}
                        <span class="visually-hidden">" " {house.to_owned()}</span>
                    </button>
                </form>
                {is_empty.then(|| view! {
                    <form method="post" action="/api/houses/remove">
                        {hidden("line", line)} {hidden("house", house)} {hidden("back", back)}
                        <button class="quiet-button" type="submit">
                            {td_string!(locale, people.remove_house)}
                            <span class="visually-hidden">" " {house.to_owned()}</span>
                        </button>
                    </form>
                })}
            </div>
        </li>
    }
    .into_any()
}

/// A person and what can be done to the account, folded away.
pub(super) fn person(locale: Locale, person: &Person, back: &str, zone: &dyn Zone) -> AnyView {
    let name = person.name.as_str();
    let consented = person
        .consented_at
        .map(|at| td_string!(locale, people.consented, day = calendar::date(locale, zone.local(at).date)));
    let locked =
        person.is_locked.then(|| view! { <span class="badge">{td_string!(locale, people.locked)}</span> });
    let is_administrator = person.role == Role::Administrator;
    let administrator = is_administrator
        .then(|| view! { <span class="badge">{td_string!(locale, people.administrator)}</span> });
    let button = |path: &'static str, words: &'static str| {
        view! {
            <form method="post" action=act(name, path)>
                {hidden("back", back)}
                <button class="quiet-button" type="submit" data-testid=path>{words}</button>
            </form>
        }
        .into_any()
    };
    let lock = if person.is_locked {
        button("unlock", td_string!(locale, people.unlock))
    } else {
        button("lock", td_string!(locale, people.lock))
    };
    view! {
        <li class="person" data-testid="person" data-name=name.to_owned()>
            <details class="act">
                <summary>
                    <b>{name.to_owned()}</b> " " {administrator} " " {locked} " "
                    <span class="summary">{td_string!(locale, people.devices, count = person.sessions)}</span>
                </summary>
                <p class="summary">{consented}</p>
                <div class="acts">
                    {lock}
                    {button("end-sessions", td_string!(locale, people.end_sessions))}
                    <form method="post" action=PEOPLE_CARDS.path>
                        {hidden("resident", name)} {hidden("back", back)}
                        <button class="quiet-button" type="submit" data-testid="reset">
                            {td_string!(locale, people.reset)}
                        </button>
                    </form>
                    {role(locale, name, back, is_administrator)}
                </div>
                {moving_out(locale, name, back)}
            </details>
        </li>
    }
    .into_any()
}

/// Deletes the account, which nothing brings back; so it is folded away and needs a tick.
fn moving_out(locale: Locale, name: &str, back: &str) -> AnyView {
    view! {
        <details class="act" data-testid="moving-out">
            <summary>{td_string!(locale, people.move_out)}</summary>
            <form class="stack" method="post" action=act(name, "move-out")>
                <p>{td_string!(locale, people.move_out_means, name = name.to_owned())}</p>
                {hidden("back", back)}
                <label class="check">
                    <input type="checkbox" name="confirmed" value="yes" required />
                    " "
                    {td_string!(locale, people.move_out_confirm, name = name.to_owned())}
                </label>
                <button type="submit" data-testid="move-out">{td_string!(locale, people.move_out_delete)}</button>
            </form>
        </details>
    }
    .into_any()
}

fn role(locale: Locale, name: &str, back: &str, is_administrator: bool) -> AnyView {
    let (role, words) = if is_administrator {
        (Role::Resident, td_string!(locale, people.make_resident))
    } else {
        (Role::Administrator, td_string!(locale, people.make_administrator))
    };
    view! {
        <form method="post" action=act(name, "role")>
            {hidden("role", role.as_str())} {hidden("back", back)}
            <button class="quiet-button" type="submit" data-testid="role">{words}</button>
        </form>
    }
    .into_any()
}
