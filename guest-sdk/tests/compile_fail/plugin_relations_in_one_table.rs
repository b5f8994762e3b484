use plinth::prelude::*;

#[derive(Model)]
#[model(table = "tags", index(name, name = "user"))]
pub struct Tag {
    #[model(key, auto)]
    pub id: i64,
    pub name: String,
}

#[derive(Model)]
#[model(table = "user")]
pub struct User {
    #[model(key, auto)]
    pub id: i64,
    pub group_tags: ManyToMany<Tag>,
}

#[derive(Model)]
#[model(table = "user_group")]
pub struct UserGroup {
    #[model(key, auto)]
    pub id: i64,
    pub tags: ManyToMany<Tag>,
}

#[derive(Model)]
#[model(table = "user_group_tags")]
pub struct UserGroupTag {
    #[model(key, auto)]
    pub id: i64,
}

#[derive(Model)]
#[model(table = "teachers")]
pub struct Teacher {
    #[model(key, auto)]
    pub id: i64,
    #[model(table = "teachers_all")]
    pub groups: ManyToMany<UserGroup>,
    #[model(table = "teachers_all")]
    pub tags: ManyToMany<Tag>,
}

// The two sides of one relation have one table.
#[derive(Model)]
#[model(table = "shelves")]
pub struct Shelf {
    #[model(key, auto)]
    pub id: i64,
    pub labels: ManyToMany<Label>,
}

#[derive(Model)]
#[model(table = "labels")]
pub struct Label {
    #[model(key, auto)]
    pub id: i64,
    #[model(table = "shelves_labels")]
    pub shelves: ManyToMany<Shelf>,
}

plinth::plugin! { models: [User, UserGroup] }
plinth::plugin! { models: [User, UserGroupTag] }
plinth::plugin! { models: [Teacher] }
plinth::plugin! { models: [Tag, User] }
plinth::plugin! { models: [Shelf, Label] }

fn main() {}
