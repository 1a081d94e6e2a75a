// One key for each thing an operator does all day.

export function listen({ list, live, act, locate, find }) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, dialog")) return;
    const keys = {
      j: () => list.step(1),
      k: () => list.step(-1),
      a: () => list.current() && act(list.current(), "ACKNOWLEDGE"),
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
