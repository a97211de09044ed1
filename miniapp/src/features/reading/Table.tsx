import { useMemo } from 'react';
import type { Drawn, Picture, Position } from '@/api/types';
import { useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { classes } from '@/ui/classes';
import { FlipCard } from '../cards/Card';
import { layOut } from '../table/layout';
import styles from './Table.module.css';

interface TableProps {
  positions: readonly Position[];
  cards: readonly Drawn[];
  back: Picture | null;
  open: ReadonlySet<number>;
  onTurn: (index: number) => void;
  onTurnAll: () => void;
  onLook: (index: number) => void;
}

/** So few cards that each has room for its position's name. */
const LABELLED = 5;
const LABEL = 34;

/** The drawn cards in the spread's own layout, turned over one by one. */
export function Table({ positions, cards, back, open, onTurn, onTurnAll, onLook }: TableProps) {
  const { t } = useTranslation();
  const width = Math.min(window.innerWidth, 560) - 40;
  const labelled = positions.length <= LABELLED;
  const layout = useMemo(() => {
    const largest = positions.length === 1 ? 190 : positions.length <= 3 ? 112 : 92;
    return layOut(positions, { width, largest, highest: 480, label: labelled ? LABEL : 0, gap: 10 });
  }, [positions, width, labelled]);
  const { card } = layout;
  const closed = cards.length - open.size;

  return (
    <>
      <div className={styles.table} style={{ width: layout.width, height: layout.height }}>
        {cards.map((drawn, index) => {
          const place = layout.places[index];
          if (!place) return null;
          const isOpen = open.has(index);
          return (
            <button
              key={drawn.position.key}
              type="button"
              className={styles.place}
              style={{
                width: card.width,
                height: card.height,
                left: place.x - card.width / 2,
                top: place.y - card.height / 2,
                transform: place.rotation ? `rotate(${place.rotation}deg)` : undefined,
              }}
              aria-label={isOpen ? cardLabel(t, drawn) : t('reveal.turn', { position: drawn.position.name })}
              onClick={() => (isOpen ? onLook(index) : onTurn(index))}
            >
              <span className={styles.shadow} />
              <span className={classes(!isOpen && styles.waiting)} style={{ animationDelay: `${index * 0.18}s`, position: 'absolute', inset: 0 }}>
                <FlipCard back={back} card={drawn.card} reversed={drawn.reversed} open={isOpen} width={card.width} />
              </span>
            </button>
          );
        })}
        {layout.places.map((place, index) => {
          const drawn = cards[index];
          if (!drawn) return null;
          if (labelled) {
            const room = Math.max(card.width + 6, positions.length === 1 ? 260 : 0);
            return (
              <span
                key={drawn.position.key}
                className={classes(styles.label, positions.length === 1 && styles.single)}
                style={{ left: place.x - room / 2, width: room, top: place.y + card.height / 2 + 6 }}
                aria-hidden="true"
              >
                {drawn.position.name}
              </span>
            );
          }
          const [halfWidth, halfHeight] = place.rotation ? [card.height / 2, card.width / 2] : [card.width / 2, card.height / 2];
          return (
            <span
              key={drawn.position.key}
              className={styles.badge}
              style={{ left: place.x + (place.rotation ? halfWidth - 12 : -10), top: place.y + halfHeight - 12 }}
              aria-hidden="true"
            >
              {index + 1}
            </span>
          );
        })}
      </div>
      {closed > 0 ? (
        <div className={styles.reveal}>
          <p className={styles.hint}>{t('reveal.hint')}</p>
          {cards.length > 1 ? (
            <Button look="secondary" small onClick={onTurnAll}>
              {t('reveal.all')}
            </Button>
          ) : null}
        </div>
      ) : null}
    </>
  );
}

export function cardLabel(t: ReturnType<typeof useTranslation>['t'], drawn: Drawn): string {
  return t(drawn.reversed ? 'reveal.card_reversed' : 'reveal.card', {
    position: drawn.position.name,
    card: drawn.card.name,
  });
}
