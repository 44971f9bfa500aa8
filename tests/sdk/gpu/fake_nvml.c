/* A libnvidia-ml.so.1 whose GPUs are numbers in a shared file: see fake_nvml.py, which mirrors them.

   FAKE_NVML names the file; without it nvmlInit finds no driver. A number of 2^63 + n means that the
   call answers with the error n. */

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { OK, UNINITIALIZED, INVALID_ARGUMENT, NOT_SUPPORTED, NOT_FOUND = 6, INSUFFICIENT_SIZE,
       DRIVER_NOT_LOADED = 9, TIMEOUT };
#define ERROR (1ull << 63)
#define MIB 1048576ull

typedef struct {
    uint64_t memory_used, gpm_sm;
} Instance;

typedef struct {
    uint64_t lost; /* every call about this GPU answers with this error */
    uint64_t mig;
    uint64_t utilization, memory_used, power_mw, energy_mj, temperature, sm_clock, memory_clock;
    uint64_t throttle_reasons, ecc_corrected, ecc_uncorrected;
    uint64_t pcie_tx, pcie_rx, nvlink_tx, nvlink_rx; /* bytes, bytes, KiB, KiB */
    uint64_t xid; /* an event that waits; 0: none */
    uint64_t process_pid, process_memory, process_utilization;
    uint64_t gpm_sm, gpm_tensor, gpm_dram; /* percent */
    uint64_t numa_node;
    Instance instances[3];
} GPU;

static struct State {
    uint64_t count, init_result, reset; /* reset: calls answer UNINITIALIZED until nvmlInit */
    uint64_t calls;
    GPU gpus[8];
} *state;

typedef struct {
    int gpu, instance; /* instance -1: the whole GPU */
} Device;

static Device devices[8], mig_devices[8][3];
static const char *const profiles[] = {"3g.40gb", "2g.20gb", "1g.10gb"};
static const unsigned slices[] = {3, 2, 1}, multiprocessors[] = {60, 32, 16};
static const uint64_t mig_memory[] = {40448, 20096, 9984}; /* MiB */

#define FAIL(value)                                                                                \
    if ((value) & ERROR)                                                                           \
        return (int)(value);
#define ENTER                                                                                      \
    if (!state || state->reset)                                                                    \
        return UNINITIALIZED;                                                                      \
    state->calls++;
#define FIND                                                                                       \
    ENTER GPU *gpu = &state->gpus[device->gpu];                                                    \
    FAIL(gpu->lost)
#define WHOLE                                                                                      \
    FIND if (device->instance >= 0) return NOT_SUPPORTED;

int
nvmlInitWithFlags(unsigned flags)
{
    (void)flags;
    const char *path = getenv("FAKE_NVML");
    if (state)
        munmap(state, sizeof *state);
    state = NULL;
    int file = path ? open(path, O_RDWR) : -1;
    if (file < 0)
        return DRIVER_NOT_LOADED;
    state = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    int result = (int)state->init_result;
    for (int i = 0; i < 8; i++) {
        devices[i] = (Device){i, -1};
        for (int k = 0; k < 3; k++)
            mig_devices[i][k] = (Device){i, k};
    }
    if (result) {
        munmap(state, sizeof *state);
        state = NULL;
    } else
        state->reset = 0;
    return result;
}

int
nvmlShutdown(void)
{
    ENTER munmap(state, sizeof *state);
    state = NULL;
    return OK;
}

const char *
nvmlErrorString(int result)
{
    static char text[32];
    snprintf(text, sizeof text, "error %d", result);
    return text;
}

int
nvmlSystemGetDriverVersion(char *text, unsigned size)
{
    ENTER snprintf(text, size, "580.95.05");
    return OK;
}

int
nvmlSystemGetCudaDriverVersion(int *version)
{
    ENTER *version = 13000;
    return OK;
}

int
nvmlDeviceGetCount_v2(unsigned *count)
{
    ENTER *count = (unsigned)state->count;
    return OK;
}

int
nvmlDeviceGetHandleByIndex_v2(unsigned index, Device **device)
{
    ENTER if (index >= state->count) return INVALID_ARGUMENT;
    FAIL(state->gpus[index].lost)
    *device = &devices[index];
    return OK;
}

int
nvmlDeviceGetUUID(Device *device, char *text, unsigned size)
{
    FIND if (device->instance < 0)
        snprintf(text, size, "GPU-%08x-0000-4000-8000-000000000000", device->gpu + 0xa0);
    else
        snprintf(text, size, "MIG-%08x-0000-5000-8000-00000000000%d", device->gpu + 0xa0,
                 device->instance);
    return OK;
}

int
nvmlDeviceGetName(Device *device, char *text, unsigned size)
{
    FIND snprintf(text, size, "NVIDIA H100 80GB HBM3%s%s", device->instance < 0 ? "" : " MIG ",
                  device->instance < 0 ? "" : profiles[device->instance]);
    return OK;
}

int
nvmlDeviceGetMemoryInfo(Device *device, uint64_t memory[3]) /* total, free, used */
{
    FIND int k = device->instance;
    uint64_t used = k < 0 ? gpu->memory_used : gpu->instances[k].memory_used;
    FAIL(used)
    memory[0] = (k < 0 ? 81559 : mig_memory[k]) * MIB;
    memory[1] = memory[0] - used;
    memory[2] = used;
    return OK;
}

typedef struct {
    char legacy[16];
    unsigned domain, bus, device, id, subsystem;
    char bus_id[32];
} PCI;

int
nvmlDeviceGetPciInfo_v3(Device *device, PCI *pci)
{
    FIND snprintf(pci->bus_id, sizeof pci->bus_id, "00000000:%02X:00.0", 0x1b + device->gpu);
    return OK;
}

int
nvmlDeviceGetCudaComputeCapability(Device *device, int *major, int *minor)
{
    FIND *major = 9;
    *minor = 0;
    return OK;
}

int
nvmlDeviceGetArchitecture(Device *device, unsigned *architecture)
{
    FIND *architecture = 9;
    return OK;
}

int
nvmlDeviceGetMigMode(Device *device, unsigned *current, unsigned *pending)
{
    WHOLE *current = *pending = gpu->mig != 0;
    return OK;
}

int
nvmlDeviceGetMaxMigDeviceCount(Device *device, unsigned *count)
{
    FIND *count = 7;
    return OK;
}

int
nvmlDeviceGetMigDeviceHandleByIndex(Device *device, unsigned index, Device **instance)
{
    FIND if (!gpu->mig || index >= 3) return NOT_FOUND;
    *instance = &mig_devices[device->gpu][index];
    return OK;
}

int
nvmlDeviceGetGpuInstanceId(Device *device, unsigned *id)
{
    FIND *id = (unsigned)device->instance + 1;
    return OK;
}

int
nvmlDeviceGetComputeInstanceId(Device *device, unsigned *id)
{
    FIND *id = 0;
    return OK;
}

typedef struct {
    unsigned multiprocessors, engines[5], slices, compute_slices;
    unsigned long long memory_mb;
} Attributes;

int
nvmlDeviceGetAttributes_v2(Device *device, Attributes *attributes)
{
    FIND if (device->instance < 0) return NOT_SUPPORTED;
    memset(attributes, 0, sizeof *attributes);
    attributes->multiprocessors = multiprocessors[device->instance];
    attributes->slices = attributes->compute_slices = slices[device->instance];
    attributes->memory_mb = mig_memory[device->instance];
    return OK;
}

typedef struct {
    unsigned version, id, p2p, slices, instances, multiprocessors, engines[5];
    unsigned long long memory_mb;
    char name[96];
} Profile;

int
nvmlDeviceGetGpuInstanceProfileInfoV(Device *device, unsigned profile, Profile *info)
{
    WHOLE if (profile != 4) return NOT_SUPPORTED;
    info->slices = 7;
    info->multiprocessors = 132;
    return OK;
}

int
nvmlDeviceGetP2PStatus(Device *device, Device *other, unsigned index, unsigned *status)
{
    WHOLE FAIL(state->gpus[other->gpu].lost) int linked = index == 2; /* 2: over NVLink */
    *status = linked && !gpu->mig && !state->gpus[other->gpu].mig ? 0 : 5; /* OK, NOT_SUPPORTED */
    return OK;
}

#define READ(function, type, number)                                                               \
    int function(Device *device, type *value)                                                      \
    {                                                                                              \
        WHOLE FAIL(number) *value = (type)(number);                                                \
        return OK;                                                                                 \
    }
READ(nvmlDeviceGetPowerUsage, unsigned, gpu->power_mw)
READ(nvmlDeviceGetTotalEnergyConsumption, unsigned long long, gpu->energy_mj)
READ(nvmlDeviceGetCurrentClocksEventReasons, unsigned long long, gpu->throttle_reasons)

int
nvmlDeviceGetNumaNodeId(Device *device, int *node)
{
    FIND FAIL(gpu->numa_node) *node = (int)gpu->numa_node;
    return OK;
}

int
nvmlDeviceGetUtilizationRates(Device *device, unsigned rates[2])
{
    WHOLE if (gpu->mig) return NOT_SUPPORTED;
    FAIL(gpu->utilization)
    rates[0] = (unsigned)gpu->utilization;
    rates[1] = 0;
    return OK;
}

int
nvmlDeviceGetTemperature(Device *device, unsigned sensor, unsigned *value)
{
    (void)sensor;
    WHOLE FAIL(gpu->temperature) *value = (unsigned)gpu->temperature;
    return OK;
}

int
nvmlDeviceGetClockInfo(Device *device, unsigned type, unsigned *value)
{
    WHOLE uint64_t clock = type == 1 ? gpu->sm_clock : gpu->memory_clock;
    FAIL(clock) *value = (unsigned)clock;
    return OK;
}

int
nvmlDeviceGetTotalEccErrors(Device *device, unsigned type, unsigned counter, uint64_t *count)
{
    (void)counter;
    WHOLE *count = type ? gpu->ecc_uncorrected : gpu->ecc_corrected;
    FAIL(*count)
    return OK;
}

typedef struct {
    unsigned id, scope;
    int64_t timestamp, latency;
    unsigned type, result;
    uint64_t value;
} Field;

int
nvmlDeviceGetFieldValues(Device *device, int count, Field *fields)
{
    WHOLE for (int i = 0; i < count; i++)
    {
        Field *field = &fields[i];
        uint64_t value = field->id == 197   ? gpu->pcie_tx
                         : field->id == 198 ? gpu->pcie_rx
                         : field->id == 138 ? gpu->nvlink_tx
                         : field->id == 139 ? gpu->nvlink_rx
                                            : ERROR | NOT_SUPPORTED;
        field->result = value & ERROR ? (unsigned)value : OK;
        field->type = 3;
        field->value = value;
    }
    return OK;
}

typedef struct {
    unsigned pid;
    unsigned long long memory;
    unsigned gpu_instance, compute_instance;
} Process;

int
nvmlDeviceGetComputeRunningProcesses_v3(Device *device, unsigned *count, Process *processes)
{
    FIND FAIL(gpu->process_memory) unsigned room = *count;
    *count = gpu->process_pid != 0;
    if (room < *count)
        return INSUFFICIENT_SIZE;
    if (*count)
        processes[0] = (Process){(unsigned)gpu->process_pid, gpu->process_memory, 0, 0};
    return OK;
}

typedef struct {
    unsigned pid;
    unsigned long long time;
    unsigned sm, memory, encoder, decoder;
} ProcessSample;

int
nvmlDeviceGetProcessUtilization(Device *device, ProcessSample *samples, unsigned *count,
                                unsigned long long after)
{
    (void)after;
    WHOLE if (gpu->mig) return NOT_SUPPORTED;
    FAIL(gpu->process_utilization)
    if (!gpu->process_pid)
        return NOT_FOUND;
    if (!samples) {
        *count = 1;
        return INSUFFICIENT_SIZE;
    }
    samples[0] = (ProcessSample){(unsigned)gpu->process_pid, 1,
                                 (unsigned)gpu->process_utilization, 0, 0, 0};
    return OK;
}

/* --- events --- */

int
nvmlEventSetCreate(void **set)
{
    ENTER *set = state;
    return OK;
}

int
nvmlDeviceRegisterEvents(Device *device, unsigned long long types, void *set)
{
    (void)types, (void)set;
    WHOLE return OK;
}

typedef struct {
    Device *device;
    unsigned long long type, data;
    unsigned gpu_instance, compute_instance;
} Event;

int
nvmlEventSetWait_v2(void *set, Event *event, unsigned timeout_ms)
{
    (void)set, (void)timeout_ms;
    ENTER for (int i = 0; i < 8; i++)
    {
        if (state->gpus[i].xid) {
            *event = (Event){&devices[i], 8, state->gpus[i].xid, -1u, -1u};
            state->gpus[i].xid = 0;
            return OK;
        }
    }
    return TIMEOUT;
}

/* --- GPM: a sample holds what the metrics are --- */

typedef struct {
    uint64_t sm, tensor, dram;
} Sample;

int
nvmlGpmQueryDeviceSupport(Device *device, unsigned support[2])
{
    FIND support[1] = !(gpu->gpm_sm & ERROR);
    return OK;
}

int
nvmlGpmSampleAlloc(Sample **sample)
{
    *sample = calloc(1, sizeof **sample);
    return OK;
}

int
nvmlGpmSampleFree(Sample *sample)
{
    free(sample);
    return OK;
}

int
nvmlGpmSampleGet(Device *device, Sample *sample)
{
    WHOLE FAIL(gpu->gpm_sm) *sample = (Sample){gpu->gpm_sm, gpu->gpm_tensor, gpu->gpm_dram};
    return OK;
}

int
nvmlGpmMigSampleGet(Device *device, unsigned gpu_instance, Sample *sample)
{
    WHOLE if (gpu_instance < 1 || gpu_instance > 3) return INVALID_ARGUMENT;
    uint64_t sm = gpu->instances[gpu_instance - 1].gpm_sm;
    FAIL(sm) *sample = (Sample){sm, 0, 0};
    return OK;
}

typedef struct {
    unsigned version, count;
    Sample *samples[2];
    struct {
        unsigned id, result;
        double value;
        const char *names[3];
    } metrics[];
} Metrics;

int
nvmlGpmMetricsGet(Metrics *metrics)
{
    ENTER const Sample *sample = metrics->samples[1];
    for (unsigned i = 0; i < metrics->count; i++) {
        unsigned id = metrics->metrics[i].id;
        metrics->metrics[i].result = OK;
        metrics->metrics[i].value =
            (double)(id == 5 ? sample->tensor : id == 10 ? sample->dram : sample->sm);
    }
    return OK;
}
