import { type ReactNode, useEffect, useRef } from 'react';
import { useBack } from '@/app/back';
import { projectName } from '@/app/project';
import { useServices } from '@/app/services';
import { useTranslation } from '@/i18n';
import { classes } from './classes';
import { Icon } from './Icon';
import styles from './Screen.module.css';

interface ScreenProps {
  /** Named to screen readers when the screen opens. */
  title: string;
  children: ReactNode;
  aside?: ReactNode;
  /** Stays at the bottom of the screen. */
  foot?: ReactNode;
  tabbed?: boolean;
  /** The content itself takes all the height there is. */
  filled?: boolean;
  /** Draws no bar of its own. */
  bare?: boolean;
}

/** One place of the app: safe areas, a way back where the platform shows none, the focus on arrival. */
export function Screen({ title, children, aside, foot, tabbed, filled, bare }: ScreenProps) {
  const { platform, project } = useServices();
  const { t, language } = useTranslation();
  const name = projectName(project, language);
  const back = useBack();
  const self = useRef<HTMLElement>(null);

  useEffect(() => {
    document.title = title === name ? name : `${title} · ${name}`;
  }, [title, name]);

  useEffect(() => {
    window.scrollTo(0, 0);
    self.current?.focus({ preventScroll: true });
  }, []);

  const backButton = back && !platform.hasBackButton;
  return (
    <main ref={self} tabIndex={-1} aria-label={title} className={classes(styles.screen, tabbed && styles.tabbed, foot !== undefined && styles.footed)}>
      {!bare && (backButton || aside) ? (
        <div className={styles.bar}>
          {backButton ? (
            <button type="button" className={styles.back} aria-label={t('nav.back')} onClick={back}>
              <Icon name="back" />
            </button>
          ) : null}
          {aside ? <div className={styles.aside}>{aside}</div> : null}
        </div>
      ) : null}
      {children}
      {foot ? (
        <>
          {filled ? null : <div className={styles.spacer} />}
          <div className={styles.foot}>{foot}</div>
        </>
      ) : null}
    </main>
  );
}
