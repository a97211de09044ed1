import type { Drawn } from '@/api/types';
import { useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { classes } from '@/ui/classes';
import { Icon } from '@/ui/Icon';
import { Sheet } from '@/ui/Sheet';
import { CardFace } from '../cards/Card';
import { cardLabel } from './Table';
import styles from './Table.module.css';

/** More rows than this would push the text off the first screen. */
const FEW = 3;

/** The drawn cards in words, in the order of their positions. */
export function CardList({ cards, onLook }: { cards: readonly Drawn[]; onLook: (index: number) => void }) {
  const { t } = useTranslation();
  const list = (
    <ol className={styles.legend}>
      {cards.map((drawn, index) => (
        <li key={drawn.position.key}>
          <button type="button" className={styles.row} aria-label={cardLabel(t, drawn)} onClick={() => onLook(index)}>
            <span className={styles.row_number}>{index + 1}</span>
            <span>
              <span className={styles.row_name}>{drawn.card.name}</span>
              <span className={styles.row_position}>{drawn.position.name}</span>
            </span>
            {drawn.reversed ? <span className={styles.tag}>{t('reveal.reversed')}</span> : null}
          </button>
        </li>
      ))}
    </ol>
  );
  if (cards.length === 1) return <h2 className={styles.only}>{cards[0] ? cardName(t, cards[0]) : null}</h2>;
  if (cards.length <= FEW) return list;
  return (
    <details className={styles.more}>
      <summary>
        {t('reading.cards')}
        <Icon name="chevron" size={18} />
      </summary>
      {list}
    </details>
  );
}

const cardName = (t: ReturnType<typeof useTranslation>['t'], { card, reversed }: Drawn): string =>
  reversed ? `${card.name}, ${t('reveal.reversed')}` : card.name;

/** One card close up. */
export function CardSheet({ drawn, onClose }: { drawn: Drawn; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Sheet label={cardLabel(t, drawn)} onClose={onClose}>
      <div className={styles.sheet_card}>
        <div className={classes(drawn.reversed && styles.turned)} style={{ position: 'absolute', inset: 0 }}>
          <CardFace card={drawn.card} width={230} eager />
        </div>
      </div>
      <p className={styles.sheet_position}>{drawn.position.name}</p>
      <h2 className={styles.sheet_name}>{drawn.card.name}</h2>
      <div className={styles.keywords}>
        {drawn.reversed ? <span className={styles.tag}>{t('reveal.reversed')}</span> : null}
        {drawn.card.keywords.map((keyword) => (
          <span key={keyword} className={styles.tag}>
            {keyword}
          </span>
        ))}
      </div>
      <p className={styles.meaning}>{drawn.position.meaning}</p>
      <Button look="secondary" wide onClick={onClose}>
        {t('action.close')}
      </Button>
    </Sheet>
  );
}
