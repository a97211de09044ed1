import styles from './Pattern.module.css';

/** The ground that the whole app lies on. It never scrolls and never animates: cheap phones repaint nothing. */
export function Pattern() {
  return <div className={styles.pattern} aria-hidden="true" />;
}
