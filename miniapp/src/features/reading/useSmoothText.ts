import { useEffect, useRef, useState } from 'react';
import { reducedMotion } from '@/ui/motion';

/** Letters a millisecond at rest; a longer backlog is caught up within about a second. */
const PACE = 0.06;
const CATCH_UP = 900;
const BETWEEN = 33;

/**
 * The text as if written by a steady hand, however unevenly it comes in. `live` false shows it whole at once.
 * A text that does not continue what is shown (the server began anew) starts from where both still agree.
 */
export function useSmoothText(target: string, live: boolean): { text: string; writing: boolean } {
  const [length, setLength] = useState(live ? 0 : target.length);
  const shown = useRef('');
  const smooth = live && !reducedMotion();

  useEffect(() => {
    if (!smooth) return;
    if (!target.startsWith(shown.current)) setLength(commonLength(target, shown.current));
    let last = performance.now();
    let exact = commonLength(target, shown.current);
    let frame = requestAnimationFrame(function step(now) {
      const elapsed = now - last;
      if (elapsed >= BETWEEN) {
        last = now;
        const backlog = target.length - exact;
        exact = Math.min(target.length, exact + elapsed * Math.max(PACE, backlog / CATCH_UP));
        setLength(Math.floor(exact));
      }
      if (exact < target.length) frame = requestAnimationFrame(step);
    });
    return () => cancelAnimationFrame(frame);
  }, [target, smooth]);

  const text = smooth ? cut(target, length) : target;
  useEffect(() => {
    shown.current = text;
  }, [text]);
  return { text, writing: text.length < target.length };
}

function commonLength(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let index = 0;
  while (index < most && a[index] === b[index]) index += 1;
  return index;
}

/** Never splits a surrogate pair. */
function cut(text: string, length: number): string {
  const code = text.charCodeAt(length - 1);
  return text.slice(0, code >= 0xd800 && code <= 0xdbff ? length - 1 : length);
}
