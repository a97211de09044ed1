import type { ButtonHTMLAttributes } from 'react';
import styles from './Button.module.css';
import { classes } from './classes';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: 'primary' | 'secondary' | 'quiet' | 'danger';
  wide?: boolean;
  small?: boolean;
  busy?: boolean;
}

export function Button({ look = 'primary', wide, small, busy, className, disabled, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={(disabled ?? false) || (busy ?? false)}
      aria-busy={busy || undefined}
      className={classes(styles.button, styles[look], wide && styles.wide, small && styles.small, busy && styles.busy, className)}
    />
  );
}
