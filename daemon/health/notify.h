/* notify.h -- telling systemd how the service is, by sd_notify(3)'s datagrams.
 *
 * Without $NOTIFY_SOCKET every function does nothing.  Sending never blocks; a message that does
 * not get through is lost, as sd_notify(3) says callers should accept, but for READY=1, which goes
 * before the next one: systemd ends who does not say it. */
#ifndef DAEMON_SERVICE_NOTIFY_H
#define DAEMON_SERVICE_NOTIFY_H

#include <stdint.h>

/* READY=1: started, or a reload ended. */
void notify_ready(void);
/* RELOADING=1 with MONOTONIC_USEC, which Type=notify-reload (systemd 253) waits for. */
void notify_reloading(void);
/* STOPPING=1 */
void notify_stopping(void);
/* STATUS=: the line in `systemctl status`; line breaks become blanks. */
void notify_status(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* WATCHDOG=1 */
void notify_watchdog(void);
/* How often to call notify_watchdog, milliseconds: half of what systemd asks for ($WATCHDOG_USEC,
 * meant for us by $WATCHDOG_PID); 0: no watchdog. */
int64_t notify_watchdog_interval_ms(void);

#endif
