-- name: create
insert into account (login, name, password_hash, role, language)
values (%(login)s, %(name)s, %(password_hash)s, %(role)s, %(language)s)
on conflict (login) do nothing;

-- name: password
select password_hash, login, name, role, language
from account
where login = %(login)s and disabled_at is null;

-- name: set_password
update account set password_hash = %(password_hash)s where login = %(login)s;

-- name: set_language
update account set language = %(language)s where login = %(login)s;

-- name: open_session
insert into web_session (token_hash, login, expires_at)
values (%(token_hash)s, %(login)s, now() + %(lifetime)s);

-- name: forget_expired
delete from web_session where expires_at <= now();

-- name: session
select s.expires_at, a.login, a.name, a.role, a.language
from web_session s
join account a using (login)
where s.token_hash = %(token_hash)s and s.expires_at > now() and a.disabled_at is null;

-- name: close_session
delete from web_session where token_hash = %(token_hash)s;
