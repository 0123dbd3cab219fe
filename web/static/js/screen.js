// How much room there is: the same limits as narrow.css.
const narrow = window.matchMedia("(max-width: 760px), (max-height: 430px)");
const folded = window.matchMedia("(max-width: 1279px)");

export const isNarrow = () => narrow.matches;
export const isFolded = () => folded.matches;
