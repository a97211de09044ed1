import { memo } from 'react';
import type { Picture } from '@/api/types';
import { classes } from '@/ui/classes';
import styles from './Card.module.css';
import { Emblem, SuitGlyph } from './glyphs';

interface CardPicture {
  picture: Picture | null;
  /** CSS width that the card is shown at; the phone then fetches no larger file than it needs. */
  width: number;
  eager?: boolean;
}

function CardImage({ picture, width, eager }: CardPicture & { picture: Picture }) {
  const sizes = [...picture.sizes, { src: picture.src, width: picture.width }];
  return (
    <img
      className={styles.picture}
      src={picture.src}
      srcSet={sizes.map((size) => `${size.src} ${size.width}w`).join(', ')}
      sizes={`${Math.ceil(width)}px`}
      alt=""
      draggable={false}
      decoding="async"
      loading={eager ? 'eager' : 'lazy'}
    />
  );
}

/** The deck's back, or one drawn in the project's colours. */
export const CardBack = memo(function CardBack({ picture, width }: CardPicture) {
  return (
    <div className={styles.back}>
      {picture ? <CardImage picture={picture} width={width} eager /> : <Emblem className={styles.emblem} />}
    </div>
  );
});

export interface FaceCard {
  name: string;
  number: number;
  arcana: 'major' | 'minor';
  suit: 'wands' | 'cups' | 'swords' | 'pentacles' | null;
  rank: number | null;
  picture: Picture | null;
}

const ROMAN: readonly [number, string][] = [[10, 'X'], [9, 'IX'], [5, 'V'], [4, 'IV'], [1, 'I']];

export function roman(number: number): string {
  if (number === 0) return '0';
  let rest = number;
  let text = '';
  for (const [value, sign] of ROMAN) {
    while (rest >= value) {
      text += sign;
      rest -= value;
    }
  }
  return text;
}

/** The picture of a card, or a plain drawn one while its picture is not there. */
export const CardFace = memo(function CardFace({ card, width, eager }: { card: FaceCard; width: number; eager?: boolean }) {
  return (
    <div className={styles.face}>
      {card.picture ? (
        <CardImage picture={card.picture} width={width} eager={eager} />
      ) : (
        <div className={styles.drawn} aria-hidden="true">
          <span className={styles.number}>{roman(card.arcana === 'major' ? card.number : (card.rank ?? 0))}</span>
          <SuitGlyph suit={card.suit} className={styles.glyph} />
          <span className={styles.name}>{card.name}</span>
        </div>
      )}
    </div>
  );
});

interface FlipCardProps {
  back: Picture | null;
  card: FaceCard | null;
  reversed: boolean;
  open: boolean;
  width: number;
}

/** Back and face as two sides of one card; a reversed card shows its picture upside down. */
export function FlipCard({ back, card, reversed, open, width }: FlipCardProps) {
  return (
    <div className={styles.scene}>
      <div className={classes(styles.flipper, open && styles.open)}>
        <CardBack picture={back} width={width} />
        <div className={classes(styles.side, reversed && styles.reversed)}>
          {card ? <CardFace card={card} width={width} eager /> : null}
        </div>
      </div>
    </div>
  );
}
