import { reducedMotion } from '@/ui/motion';

export interface Landing {
  /** The slot on the screen; its box may be turned. */
  slot: DOMRect;
  card: { width: number; height: number };
  rotation: number;
}

/** Lets a copy of a card fly from one place on the screen to another. Resolves when it has landed. */
export async function fly(copy: HTMLElement, from: DOMRect, { slot, card, rotation }: Landing, delay = 0): Promise<void> {
  if (reducedMotion()) return;
  const at = (box: DOMRect) => [box.x + box.width / 2 - card.width / 2, box.y + box.height / 2 - card.height / 2] as const;
  const [startX, startY] = at(from);
  const [endX, endY] = at(slot);
  const size = Math.min(from.width / card.width, from.height / card.height);
  Object.assign(copy.style, {
    position: 'fixed',
    inset: '0 auto auto 0',
    width: `${card.width}px`,
    height: `${card.height}px`,
    zIndex: '50',
    opacity: '1',
    pointerEvents: 'none',
  });
  document.body.append(copy);
  const middleY = Math.min(startY, endY) + Math.abs(startY - endY) * 0.3;
  const frame = (x: number, y: number, scale: number, degrees: number) =>
    `translate3d(${x}px, ${y}px, 0) scale(${scale}) rotate(${degrees}deg)`;
  const animation = copy.animate(
    [
      { transform: frame(startX, startY, size, 0) },
      { transform: frame((startX + endX) / 2, middleY, (size + 1) / 2 + 0.08, rotation / 2 - 5), offset: 0.5 },
      { transform: frame(endX, endY, 1, rotation) },
    ],
    { duration: 520, delay, easing: 'cubic-bezier(0.3, 0.7, 0.25, 1)', fill: 'both' },
  );
  try {
    await animation.finished;
  } catch {
    // Cancelled because the screen was left: the card counts as landed.
  } finally {
    copy.remove();
  }
}
