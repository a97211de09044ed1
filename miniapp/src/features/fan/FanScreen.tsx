import { useMemo, useRef, useState } from 'react';
import { useCatalogue } from '@/api/queries';
import type { Reading } from '@/api/types';
import { useServices } from '@/app/services';
import { useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { classes } from '@/ui/classes';
import { Icon } from '@/ui/Icon';
import { Screen } from '@/ui/Screen';
import { ErrorNote } from '@/ui/State';
import { CardBack } from '../cards/Card';
import { layOut } from '../table/layout';
import { Fan } from './Fan';
import styles from './FanScreen.module.css';
import { fly } from './flight';
import { loadChoice, randomPlaces, saveChoice } from './picks';
import { useDraw } from './useDraw';

/** Few cards have room to lie large. */
const LARGEST: Readonly<Record<number, number>> = { 1: 132, 2: 108, 3: 98 };

/** Choosing the cards: the empty places of the spread above, the fan below. */
export function FanScreen({ reading }: { reading: Reading }) {
  const { t } = useTranslation();
  const { platform, project } = useServices();
  const catalogue = useCatalogue();
  const draw = useDraw(reading.id);
  const [choice, setChoice] = useState(() => loadChoice(project.slug, reading.id));
  const [landed, setLanded] = useState(choice.picks.length);
  const slots = useRef<(HTMLDivElement | null)[]>([]);
  const total = reading.positions.length;
  const back = catalogue.data?.decks.find(({ key }) => key === reading.deck.key)?.back ?? null;
  const width = Math.min(window.innerWidth, 560) - 40;
  const layout = useMemo(
    () => layOut(reading.positions, { width: Math.min(width, 360), largest: LARGEST[total] ?? 76, highest: Math.max(150, window.innerHeight - 510), gap: 6 }),
    [reading.positions, width, total],
  );
  const complete = choice.picks.length === total;
  const next = reading.positions[choice.picks.length];

  function take(places: readonly number[], from: DOMRect | null): void {
    const before = choice.picks.length;
    const picks = [...choice.picks, ...places].slice(0, total);
    const chosen = { ...choice, picks };
    setChoice(chosen);
    saveChoice(project.slug, reading.id, chosen);
    platform.haptic('tap');
    const flights = picks.slice(before).map(async (_place, index) => {
      const slot = slots.current[before + index];
      const copy = slots.current[before]?.querySelector<HTMLElement>('[data-copy]')?.cloneNode(true) as HTMLElement | undefined;
      const rotation = layout.places[before + index]?.rotation ?? 0;
      const landing = slot && { slot: slot.getBoundingClientRect(), card: layout.card, rotation };
      if (landing && copy) await fly(copy, from ?? deckRect(), landing, index * 110);
      setLanded((count) => Math.max(count, before + index + 1));
      platform.haptic('land');
    });
    if (picks.length === total) void Promise.all(flights).then(() => draw.mutate(chosen));
  }

  function undo(): void {
    const picks = choice.picks.slice(0, -1);
    const chosen = { ...choice, picks };
    setChoice(chosen);
    setLanded(picks.length);
    saveChoice(project.slug, reading.id, chosen);
    platform.haptic('tap');
  }

  const status = !next
    ? t('fan.drawing')
    : total === 1
      ? t('fan.title')
      : t('fan.next', { number: choice.picks.length + 1, total, position: next.name });

  return (
    <Screen
      title={reading.spread.name}
      filled
      foot={
        draw.isError ? (
          <ErrorNote error={draw.error} text={t('draw.failed')} onRetry={() => draw.mutate(choice)} />
        ) : (
          <div className={styles.controls}>
            <Button look="secondary" disabled={choice.picks.length === 0 || complete} onClick={undo}>
              <Icon name="undo" size={19} />
              {t('fan.undo')}
            </Button>
            <Button
              disabled={complete}
              onClick={() => take(randomPlaces(total - choice.picks.length, reading.card_count, choice.picks), null)}
            >
              {t('fan.random')}
            </Button>
          </div>
        )
      }
    >
      <div className={styles.head}>
        <div role="status">
          <h2>{status}</h2>
        </div>
        <p className={styles.status}>{t('fan.hint')}</p>
      </div>
      <div className={styles.middle}>
        <div className={styles.table} style={{ width: layout.width, height: layout.height }}>
          {layout.places.map((place, index) => (
            <div
              key={reading.positions[index]?.key}
              ref={(element) => {
                slots.current[index] = element;
              }}
              className={classes(styles.slot, index === choice.picks.length && styles.next, index < landed && styles.filled)}
              style={{
                width: layout.card.width,
                height: layout.card.height,
                left: place.x - layout.card.width / 2,
                top: place.y - layout.card.height / 2,
                transform: `rotate(${place.rotation}deg)`,
              }}
            >
              {place.rotation === 0 ? index + 1 : null}
              <div data-copy style={{ position: 'absolute', inset: 0, opacity: index < landed ? 1 : 0 }}>
                <CardBack picture={back} width={layout.card.width} />
              </div>
            </div>
          ))}
        </div>
        <p className={styles.seal} title={reading.commitment}>
          <Icon name="lock" size={15} />
          {t('fan.sealed')} <code>{reading.commitment.slice(0, 8)}</code>
        </p>
      </div>
      <Fan count={reading.card_count} taken={choice.picks} back={back} disabled={complete} onPick={(place, from) => take([place], from)} />
    </Screen>
  );
}

/** Where cards that nobody touched come from: the middle of the fan. */
function deckRect(): DOMRect {
  const width = 86;
  return new DOMRect((window.innerWidth - width) / 2, window.innerHeight - 290, width, (width * 12) / 7);
}
