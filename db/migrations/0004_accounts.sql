create table account (
    login text primary key,
    name text not null,
    password_hash text not null,
    role text not null check (role in ('VIEWER', 'SUPERVISOR', 'LIAISON', 'ADMINISTRATOR')),
    language text not null default 'id',
    created_at timestamptz not null default now(),
    disabled_at timestamptz
);

-- The cookie holds a random token; only its hash is here.
create table web_session (
    token_hash text primary key,
    login text not null references account on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);
create index web_session_login on web_session (login);
