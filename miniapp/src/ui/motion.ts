import { flushSync } from 'react-dom';

export const reducedMotion = (): boolean => window.matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Moves from one picture of the screen to the next in one piece, where the browser can; elsewhere at once. */
export function transition(update: () => void): void {
  const start = (document as Partial<Document>).startViewTransition;
  if (!start || reducedMotion()) {
    update();
    return;
  }
  start.call(document, () => flushSync(update));
}
