/*
 * The used part of the CUDA driver and of NVRTC on the processor: an oracle for the engine, and a judge of its calls. Memory of the device is apart from that of the
 * host and full of NaN when it is given out, every address is checked, and a file of kernels is compiled through the shim header; its PTX is the path of
 * the library. FAKE_CUDA_FAIL chooses a failure: init, devices, memory, compile, launch.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SUCCESS = 0, INVALID = 1, MEMORY = 2, NO_DEVICE = 100, NOT_FOUND = 500, LAUNCH = 719 };
enum { PIECES = 4096, NAMES = 65536 };

static struct { char* at; size_t bytes; } pieces[PIECES];
static size_t taken;
struct function { void (*kernel)(const void*); void (*run)(void (*)(const void*), const void*, unsigned, unsigned); };

static int fails(const char* what) {
  const char* chosen = getenv("FAKE_CUDA_FAIL");
  return chosen && strcmp(chosen, what) == 0;
}

/* Does a range lie in memory that was given out? */
static int inside(uint64_t at, size_t bytes) {
  for (int k = 0; k < PIECES; k++)
    if (pieces[k].at && at >= (uint64_t)pieces[k].at && at + bytes <= (uint64_t)pieces[k].at + pieces[k].bytes) return 1;
  return 0;
}

int cuInit(unsigned flags) { return fails("init") ? 999 : flags == 0 ? SUCCESS : INVALID; }
int cuDriverGetVersion(int* version) { return *version = 13000, SUCCESS; }
int cuDeviceGetCount(int* count) { return *count = fails("devices") ? 0 : 1, SUCCESS; }
int cuDeviceGet(int* device, int ordinal) { return *device = 7, ordinal == 0 ? SUCCESS : INVALID; }
int cuDeviceGetName(char* name, int length, int device) { return snprintf(name, (size_t)length, "processor in place of a device"), device == 7 ? SUCCESS : INVALID; }
int cuDeviceGetAttribute(int* value, int attribute, int device) { return *value = attribute == 75 ? 9 : 0, device == 7 && (attribute == 75 || attribute == 76) ? SUCCESS : INVALID; }
int cuDevicePrimaryCtxRetain(uint64_t* context, int device) { return *context = 11, device == 7 ? SUCCESS : INVALID; }
int cuCtxSetCurrent(uint64_t context) { return context == 11 ? SUCCESS : INVALID; }
int cuCtxSynchronize(void) { return SUCCESS; }
int cuMemGetInfo_v2(size_t* free, size_t* total) { return *total = (size_t)1 << 32, *free = *total - taken, SUCCESS; }

int cuGetErrorName(int error, const char** text) {
  *text = error == MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : error == INVALID ? "CUDA_ERROR_INVALID_VALUE" : error == NOT_FOUND ? "CUDA_ERROR_NOT_FOUND" : error == LAUNCH ? "CUDA_ERROR_LAUNCH_FAILED" : error == 999 ? "CUDA_ERROR_UNKNOWN" : 0;
  return *text ? SUCCESS : INVALID;
}

int cuMemAlloc_v2(uint64_t* pointer, size_t bytes) {
  if (bytes == 0) return INVALID;
  if (fails("memory") && bytes > (1u << 20)) return MEMORY;
  for (int k = 0; k < PIECES; k++) {
    if (pieces[k].at) continue;
    pieces[k].at = aligned_alloc(256, (bytes + 255) / 256 * 256);
    if (!pieces[k].at) return MEMORY;
    pieces[k].bytes = bytes;
    taken += bytes;
    memset(pieces[k].at, 0xff, bytes);
    *pointer = (uint64_t)pieces[k].at;
    return SUCCESS;
  }
  return MEMORY;
}

int cuMemFree_v2(uint64_t pointer) {
  for (int k = 0; k < PIECES; k++)
    if (pieces[k].at && pointer == (uint64_t)pieces[k].at) {
      memset(pieces[k].at, 0xff, pieces[k].bytes);
      free(pieces[k].at);
      pieces[k].at = 0;
      taken -= pieces[k].bytes;
      return SUCCESS;
    }
  return INVALID;
}

int cuMemcpyHtoD_v2(uint64_t to, const void* from, size_t n) { return inside(to, n) && !inside((uint64_t)from, 1) ? (memcpy((void*)to, from, n), SUCCESS) : INVALID; }
int cuMemcpyDtoH_v2(void* to, uint64_t from, size_t n) { return inside(from, n) && !inside((uint64_t)to, 1) ? (memcpy(to, (void*)from, n), SUCCESS) : INVALID; }
int cuMemcpyDtoD_v2(uint64_t to, uint64_t from, size_t n) { return inside(to, n) && inside(from, n) ? (memmove((void*)to, (void*)from, n), SUCCESS) : INVALID; }
int cuMemsetD8_v2(uint64_t at, uint8_t byte, size_t n) { return inside(at, n) ? (memset((void*)at, byte, n), SUCCESS) : INVALID; }

int cuModuleLoadData(void** module, const char* image) { return (*module = dlopen(image, RTLD_NOW | RTLD_LOCAL)) ? SUCCESS : INVALID; }

int cuModuleGetFunction(struct function** function, void* module, const char* name) {
  struct function* f = malloc(sizeof *f);
  f->kernel = (void (*)(const void*))dlsym(module, name);
  f->run = (void (*)(void (*)(const void*), const void*, unsigned, unsigned))dlsym(module, "shim_run");
  *function = f;
  return f->kernel && f->run ? SUCCESS : NOT_FOUND;
}

int cuLaunchKernel(struct function* f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, void* stream, void** parameters, void** extra) {
  if (fails("launch")) return LAUNCH;
  if (gx == 0 || gy != 1 || gz != 1 || bx == 0 || bx > 1024 || by != 1 || bz != 1 || shared || stream || extra) return INVALID;
  f->run(f->kernel, parameters[0], gx, bx);
  return SUCCESS;
}

struct program { char* source; char* log; char* library; };

int nvrtcVersion(int* major, int* minor) { return *major = 13, *minor = 0, 0; }
const char* nvrtcGetErrorString(int result) { return result == 6 ? "NVRTC_ERROR_COMPILATION" : result == 0 ? "NVRTC_SUCCESS" : "NVRTC_ERROR_INVALID_INPUT"; }

int nvrtcCreateProgram(struct program** p, const char* source, const char* name, int headers, const void* texts, const void* names) {
  if (!source || !name || headers != 0 || texts || names) return 3;
  *p = calloc(1, sizeof **p);
  (*p)->source = strdup(source);
  return 0;
}

int nvrtcDestroyProgram(struct program** p) {
  free((*p)->source);
  free((*p)->log);
  free((*p)->library);
  free(*p);
  *p = 0;
  return 0;
}

/* FAKE_CUDA: folder with cuda_shim.h, where libraries are kept; FAKE_CUDA_CC: compiler. */
int nvrtcCompileProgram(struct program* p, int count, const char** options) {
  static int number;
  const char *folder = getenv("FAKE_CUDA"), *cc = getenv("FAKE_CUDA_CC");
  char name[1024], command[4096], line[4096];
  int fused = -1, architecture = 0;
  for (int k = 0; k < count; k++) {
    if (strcmp(options[k], "--fmad=true") == 0) fused = 1;
    if (strcmp(options[k], "--fmad=false") == 0) fused = 0;
    if (strcmp(options[k], "--gpu-architecture=compute_90") == 0) architecture = 1;
  }
  if (!folder || fused < 0 || !architecture) return p->log = strdup("error: wrong options"), 6;
  snprintf(name, sizeof name, "%s/%d-%d", folder, (int)getpid(), number++);
  snprintf(line, sizeof line, "%s.cpp", name);
  FILE* f = fopen(line, "w");
  if (!f) return 11;
  fprintf(f, "%s\n%s\nextern \"C\" void shim_run(void (*k)(const void*), const void* argument, unsigned grid, unsigned block) {\n  blockDim.x = block;\n  for (blockIdx.x = 0; blockIdx.x < grid; blockIdx.x++)\n    for (threadIdx.x = 0; threadIdx.x < block; threadIdx.x++) k(argument);\n}\n", fails("compile") ? "unknown_word;" : "", p->source);
  fclose(f);
  snprintf(command, sizeof command, "%s -x c++ -std=c++17 -nostdinc++ -O0 -march=native -ffp-contract=%s -fPIC -shared -I%s -o %s.so %s.cpp -lm 2>&1", cc ? cc : "cc", fused ? "fast" : "off", folder, name, name);
  FILE* run = popen(command, "r");
  char* log = calloc(1, 1 << 20);
  while (fgets(line, sizeof line, run))
    if (strlen(log) + strlen(line) < (1 << 20) - 1) strcat(log, line);
  p->log = log;
  if (pclose(run) != 0) return 6;
  p->library = malloc(strlen(name) + 4);
  sprintf(p->library, "%s.so", name);
  return 0;
}

int nvrtcGetProgramLogSize(struct program* p, size_t* n) { return *n = strlen(p->log) + 1, 0; }
int nvrtcGetProgramLog(struct program* p, char* log) { return strcpy(log, p->log), 0; }
int nvrtcGetPTXSize(struct program* p, size_t* n) { return *n = strlen(p->library) + 1, 0; }
int nvrtcGetPTX(struct program* p, char* ptx) { return strcpy(ptx, p->library), 0; }
