import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import type { Picture } from '@/api/types';
import { useServices } from '@/app/services';
import { useTranslation } from '@/i18n';
import { classes } from '@/ui/classes';
import { reducedMotion } from '@/ui/motion';
import { CardBack } from '../cards/Card';
import { CARD_RATIO } from '../table/layout';
import styles from './Fan.module.css';
import { Wheel } from './wheel';

const CARD = { width: 86, height: 86 * CARD_RATIO };
const JUMPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 };

interface FanProps {
  count: number;
  taken: readonly number[];
  back: Picture | null;
  disabled: boolean;
  /** `from` is where the card lies on the screen at that moment. */
  onPick: (place: number, from: DOMRect) => void;
}

/** The shuffled deck, face down: an arc to swipe along, or to walk with the arrow keys. */
export function Fan({ count, taken, back, disabled, onPick }: FanProps) {
  const { t } = useTranslation();
  const { platform } = useServices();
  const stage = useRef<HTMLDivElement>(null);
  const wheel = useRef<Wheel>(null);
  const [focused, setFocused] = useState(Math.floor((count - 1) / 2));
  const settled = useRef(false);

  useEffect(() => {
    if (!stage.current) return;
    const cards = [...stage.current.querySelectorAll<HTMLElement>('[data-place]')];
    const made = new Wheel({
      stage: stage.current,
      cards,
      card: CARD,
      reducedMotion: reducedMotion(),
      onCentre: () => {
        if (settled.current) platform.haptic('select');
        settled.current = true;
      },
    });
    wheel.current = made;
    const resize = () => made.refresh();
    window.addEventListener('resize', resize);
    return () => {
      window.removeEventListener('resize', resize);
      made.destroy();
    };
  }, [count, platform]);

  function onKeyDown(event: KeyboardEvent): void {
    const ends: Record<string, number> = { Home: 0, End: count - 1 };
    const next = ends[event.key] ?? (event.key in JUMPS ? focused + (JUMPS[event.key] ?? 0) : null);
    if (next === null) return;
    event.preventDefault();
    const place = Math.min(count - 1, Math.max(0, next));
    setFocused(place);
    const card = stage.current?.querySelector<HTMLElement>(`[data-place="${place}"]`);
    // A card outside of the window is hidden until the wheel arrives; only what is visible can take the focus.
    if (card) card.style.visibility = '';
    card?.focus({ preventScroll: true });
    wheel.current?.show(place);
  }

  return (
    <div ref={stage} className={styles.stage} role="group" aria-label={t('fan.label')} onKeyDown={onKeyDown}>
      {Array.from({ length: count }, (_, place) => {
        const isTaken = taken.includes(place);
        return (
          <button
            key={place}
            type="button"
            data-place={place}
            className={classes(styles.card, isTaken && styles.taken)}
            style={{ width: CARD.width, height: CARD.height, zIndex: place }}
            tabIndex={place === focused ? 0 : -1}
            aria-label={t(isTaken ? 'fan.card_taken' : 'fan.card', { number: place + 1, total: count })}
            aria-disabled={isTaken || disabled || undefined}
            onFocus={() => setFocused(place)}
            onClick={(event) => {
              if (wheel.current?.dragged && event.detail > 0) return;
              if (!isTaken && !disabled) onPick(place, event.currentTarget.getBoundingClientRect());
            }}
          >
            <span className={styles.inner}>
              <CardBack picture={back} width={CARD.width} />
            </span>
          </button>
        );
      })}
    </div>
  );
}
