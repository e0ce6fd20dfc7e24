import { Button, Skeleton } from '@mantine/core';
import { IconAlertTriangle, IconRefresh } from '../icons/icons';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ApiError } from '../api/client';
import classes from './states.module.css';
import { texts } from './texts';

/** The outline of what will come, so that nothing jumps. */
export function Loading({ rows = 4, height = 44 }: { rows?: number; height?: number }) {
  return (
    <div className={classes.loading} role="status" aria-label={texts.loading}>
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={height} radius="md" />
      ))}
    </div>
  );
}

/** Nothing there yet: says so, and what to do next. */
export function Empty({ title, children, icon }: { title: string; children?: ReactNode; icon?: ReactNode }) {
  return (
    <div className={classes.empty}>
      {icon && <div className={classes.emptyIcon}>{icon}</div>}
      <h2>{title}</h2>
      <div className={classes.next}>{children}</div>
    </div>
  );
}

/** A command to copy into a terminal. */
export function Command({ children }: { children: string }) {
  return <pre className={classes.command}>{children}</pre>;
}

export function Failed({ error, onRetry, title = texts.failed }: { error: Error; onRetry?: () => void; title?: string }) {
  return (
    <div className={classes.failed} role="alert" data-tone="bad">
      <IconAlertTriangle size={18} aria-hidden className={classes.failedIcon} />
      <div>
        <strong>{title}</strong>
        <p>{error.message}</p>
        {error instanceof ApiError && (
          <p className={classes.where}>
            {error.method} {error.path}
            {error.status > 0 && ` · ${error.status}`}
          </p>
        )}
      </div>
      {onRetry && (
        <Button size="xs" variant="default" leftSection={<IconRefresh size={14} />} onClick={onRetry}>
          {texts.retry}
        </Button>
      )}
    </div>
  );
}

interface ResourceProps<T> {
  of: UseQueryResult<T>;
  loading?: ReactNode;
  isEmpty?: (data: T) => boolean;
  empty?: ReactNode;
  children: (data: T) => ReactNode;
}

/**
 * The four states of what one hook delivers. Old data stays on screen when a later fetch fails: the
 * live sign in the bar tells that it may be old.
 */
export function Resource<T>({ of, loading, isEmpty, empty, children }: ResourceProps<T>) {
  if (of.data !== undefined) return isEmpty?.(of.data) ? empty : children(of.data);
  if (of.error) return <Failed error={of.error} onRetry={() => void of.refetch()} />;
  return loading ?? <Loading />;
}
