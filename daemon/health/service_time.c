#include "daemon/health/service_time.h"

enum { FIRST_RETRY_S = 30, MOST_DOUBLINGS = 20, PATIENT_INTERVALS = 3, PATIENCE_S = 600 };

int64_t service_time_delay_ms(int interval_s, unsigned failures)
{
    int64_t interval_ms = (int64_t)interval_s * 1000, delay_ms;

    if (!failures)
        return interval_ms;
    delay_ms = (int64_t)FIRST_RETRY_S * 1000
               << (failures > MOST_DOUBLINGS ? MOST_DOUBLINGS : failures - 1);
    return delay_ms < interval_ms ? delay_ms : interval_ms;
}

bool service_time_is_alive(bool looking, int64_t progress_ms, int64_t due_ms, int64_t now_ms)
{
    return now_ms - (looking ? progress_ms : due_ms) < SERVICE_TIME_STALL_MS;
}

bool service_time_is_old(int64_t looked_ms, int interval_s, int64_t now_ms)
{
    return now_ms - looked_ms > ((int64_t)PATIENT_INTERVALS * interval_s + PATIENCE_S) * 1000;
}
