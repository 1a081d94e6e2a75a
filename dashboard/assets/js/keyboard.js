// One key for each thing an operator does all day.

export function listen({ list, live, act, group, locate, find }) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, dialog")) return;
    const keys = {
      j: () => list.step(1),
      k: () => list.step(-1),
      a: () => list.current() && act(list.current(), "ACKNOWLEDGE"),
      t: () => list.current() && act(list.current(), "TAKE"),
      e: () => list.current() && act(list.current(), "ESCALATE"),
      s: () => list.current() && act(list.current(), "SHELVE"),
      g: () => group(),
      l: () => list.current() && locate(list.current()),
      f: () => live.follow(!live.following),
      0: () => live.fitAll(),
      "/": () => find.focus(),
      Escape: () => {
        live.select(null);
        list.select(null);
      },
    };
    const press = keys[event.key];
    if (!press) return;
    event.preventDefault();
    press();
  });
}
